internal import NIOCore
internal import NIOHTTP1
internal import NIOPosix
internal import NIOWebSocket

/// A WebSocket (RFC 6455) that carries text.
final class WebSocketConnection: Sendable {
  enum Incoming: Sendable {
    case text(String)
    /// The code of the close frame, or what ended the connection without one.
    case closed(String)
  }

  private let channel: any Channel
  /// Ends after `.closed`. For one reader.
  let incoming: AsyncStream<Incoming>

  private init(channel: any Channel, incoming: AsyncStream<Incoming>) {
    self.channel = channel
    self.incoming = incoming
  }

  static func open(_ url: ServerURL, _ client: NetworkClient) async throws -> WebSocketConnection {
    let (incoming, sink) = AsyncStream.makeStream(of: Incoming.self)
    let upgrade: EventLoopFuture<(any Channel)?> = try await ClientBootstrap(group: client.group)
      .connectTimeout(.seconds(10))
      .channelOption(.tcpOption(.tcp_nodelay), value: 1)
      .connect(host: url.host, port: url.port) { channel in
        channel.eventLoop.makeCompletedFuture {
          try client.secure(channel, url)
          let upgrader = NIOTypedWebSocketClientUpgrader<(any Channel)?>(
            maxFrameSize: 1 << 20
          ) { channel, _ in
            channel.eventLoop.makeCompletedFuture {
              try channel.pipeline.syncOperations.addHandlers([
                NIOWebSocketFrameAggregator(
                  minNonFinalFragmentSize: 0, maxAccumulatedFrameCount: 64,
                  maxAccumulatedFrameSize: 1 << 20),
                FrameReader(sink),
              ])
              return channel
            }
          }
          var headers = HTTPHeaders()
          headers.add(name: "Host", value: url.authority)
          let head = HTTPRequestHead(
            version: .http1_1, method: .GET, uri: url.target, headers: headers)
          let configuration = NIOTypedHTTPClientUpgradeConfiguration<(any Channel)?>(
            upgradeRequestHead: head, upgraders: [upgrader]
          ) { channel in channel.eventLoop.makeSucceededFuture(nil) }
          return try channel.pipeline.syncOperations.configureUpgradableHTTPClientPipeline(
            configuration: .init(upgradeConfiguration: configuration))
        }
      }
    guard let channel = try await upgrade.get() else {
      throw ServerComplaint("\(url) did not become a WebSocket")
    }
    return WebSocketConnection(channel: channel, incoming: incoming)
  }

  func send(_ text: String) async throws {
    try await channel.writeAndFlush(frame(.text, ByteBuffer(string: text)))
  }

  /// Says goodbye and waits for the end of the connection.
  func close() async {
    var code = ByteBuffer()
    code.write(webSocketErrorCode: .normalClosure)
    try? await channel.writeAndFlush(frame(.connectionClose, code))
    try? await channel.close()
  }

  /// As if the network were gone.
  func drop() { channel.close(promise: nil) }

  private func frame(_ opcode: WebSocketOpcode, _ data: ByteBuffer) -> WebSocketFrame {
    WebSocketFrame(fin: true, opcode: opcode, maskKey: .random(), data: data)
  }
}

private final class FrameReader: ChannelInboundHandler {
  typealias InboundIn = WebSocketFrame
  typealias OutboundOut = WebSocketFrame

  private let sink: AsyncStream<WebSocketConnection.Incoming>.Continuation
  private var end = "no close frame"

  init(_ sink: AsyncStream<WebSocketConnection.Incoming>.Continuation) { self.sink = sink }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    let frame = unwrapInboundIn(data)
    var body = frame.unmaskedData
    switch frame.opcode {
    case .text: sink.yield(.text(String(buffer: body)))
    case .ping:
      let pong = WebSocketFrame(fin: true, opcode: .pong, maskKey: .random(), data: body)
      context.writeAndFlush(wrapOutboundOut(pong), promise: nil)
    case .connectionClose:
      if let code = body.readWebSocketErrorCode() {
        end = "code \(UInt16(webSocketErrorCode: code))"
      }
      context.close(promise: nil)
    default: break
    }
  }

  func channelInactive(context: ChannelHandlerContext) {
    sink.yield(.closed(end))
    sink.finish()
    context.fireChannelInactive()
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    end = "\(error)"
    context.close(promise: nil)
  }
}
