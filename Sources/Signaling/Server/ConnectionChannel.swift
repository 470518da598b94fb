internal import HTTPTypes
internal import HummingbirdCore
internal import Logging
internal import NIOCore
internal import NIOHTTP1
internal import NIOHTTPTypes
internal import NIOHTTPTypesHTTP1
internal import NIOSSL
internal import NIOWebSocket
internal import Wire

/// What becomes of an accepted connection: TLS when there is a certificate, HTTP/1.1, and a
/// WebSocket when the first request asks for one and may have it.
struct ConnectionChannel: HTTPChannelHandler {
  typealias WebSocketChannel = NIOAsyncChannel<WebSocketFrame, WebSocketFrame>

  enum Upgraded: Sendable {
    case http(NIOAsyncChannel<HTTPRequestPart, HTTPResponsePart>)
    case webSocket(WebSocketChannel, HTTPRequestHead)
  }

  struct Value: ServerChildChannelValue {
    let channel: any Channel
    let upgraded: EventLoopFuture<Upgraded>
  }

  /// A WebSocket frame may be longer than a message may be, so that a message that is a little too
  /// long is answered in the protocol.
  static let maximumFrame = ClientMessage.maximumLength + 16_384

  let responder: HTTPChannelHandler.Responder
  let certificates: CertificateSource?
  /// In which a new connection has to make its first request head.
  let headSeconds: Int
  let maySocket: @Sendable (any Channel, HTTPRequestHead) -> Bool
  let onWebSocket: @Sendable (WebSocketChannel, HTTPRequestHead) async -> Void

  func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<Value> {
    channel.eventLoop.makeCompletedFuture {
      let pipeline = channel.pipeline.syncOperations
      if let certificates {
        try pipeline.addHandler(NIOSSLServerHandler(context: certificates.context))
      }
      try pipeline.addHandler(
        FirstRequestDeadline(allowed: .seconds(Int64(headSeconds))),
        name: FirstRequestDeadline.name)
      let upgraded = try pipeline.configureUpgradableHTTPServerPipeline(
        configuration: pipelineConfiguration(logger))
      // The upgrade handler loses the head of a request whose upgrade it refuses, so that only
      // requests that will be upgraded may ask it for one.
      let upgradeHandler = try pipeline.handler(
        type: NIOTypedHTTPServerUpgradeHandler<Upgraded>.self)
      try pipeline.addHandler(
        UpgradeFilter(maySocket: maySocket), position: .before(upgradeHandler))
      upgraded.whenComplete { _ in
        channel.pipeline.removeHandler(name: FirstRequestDeadline.name, promise: nil)
      }
      return Value(channel: channel, upgraded: upgraded)
    }
  }

  func handle(value: Value, logger: Logger) async {
    do {
      switch try await value.upgraded.get() {
      case .http(let channel): await handleHTTP(asyncChannel: channel, logger: logger)
      case .webSocket(let channel, let head): await onWebSocket(channel, head)
      }
    } catch {
      value.channel.close(promise: nil)
    }
  }

  private func pipelineConfiguration(
    _ logger: Logger
  ) -> NIOUpgradableHTTPServerPipelineConfiguration<Upgraded> {
    let upgrader = NIOTypedWebSocketServerUpgrader<Upgraded>(
      maxFrameSize: Self.maximumFrame, enableAutomaticErrorHandling: false,
      shouldUpgrade: { channel, _ in channel.eventLoop.makeSucceededFuture([:]) },
      upgradePipelineHandler: { channel, head in
        channel.eventLoop.makeCompletedFuture {
          let pipeline = channel.pipeline.syncOperations
          try pipeline.addHandler(
            NIOWebSocketFrameAggregator(
              minNonFinalFragmentSize: 0, maxAccumulatedFrameCount: 64,
              maxAccumulatedFrameSize: Self.maximumFrame))
          try pipeline.addHandler(FrameFailureHandler())
          return .webSocket(
            try WebSocketChannel(wrappingChannelSynchronously: channel), head)
        }
      })
    var configuration = NIOUpgradableHTTPServerPipelineConfiguration<Upgraded>(
      upgradeConfiguration: .init(
        upgraders: [upgrader],
        notUpgradingCompletionHandler: { channel in
          channel.eventLoop.makeCompletedFuture {
            let pipeline = channel.pipeline.syncOperations
            try pipeline.addHandler(HTTP1ToHTTPServerCodec(secure: false))
            try pipeline.addHandler(RequestGuard())
            try pipeline.addHandler(
              HTTPConnectionStateHandler(idleTimeout: .seconds(30), logger: logger))
            return .http(
              try NIOAsyncChannel(
                wrappingChannelSynchronously: channel,
                configuration: .init(isOutboundHalfClosureEnabled: true)))
          }
        }))
    configuration.enablePipelining = false
    configuration.decoderConfiguration.maxHeaderFieldSize = 8192
    configuration.decoderConfiguration.maxHeaderListSize = 32_768
    configuration.decoderConfiguration.maxHeaderFieldCount = 100
    return configuration
  }
}

/// A connection that has not made a whole request head within its time is closed: one that says
/// nothing, or says it an octet at a time.
private final class FirstRequestDeadline: ChannelInboundHandler, RemovableChannelHandler {
  typealias InboundIn = NIOAny
  static let name = "first-request-deadline"

  private let allowed: TimeAmount
  private var task: Scheduled<Void>?

  init(allowed: TimeAmount) { self.allowed = allowed }

  func handlerAdded(context: ChannelHandlerContext) {
    let channel = context.channel
    task = context.eventLoop.scheduleTask(in: allowed) { channel.close(promise: nil) }
  }

  func handlerRemoved(context: ChannelHandlerContext) { task?.cancel() }
}

/// Takes the `Upgrade` out of a first request that cannot become a WebSocket (RFC 6455 section
/// 4.2.1) or may not: then it is an ordinary request.
private final class UpgradeFilter: ChannelInboundHandler, RemovableChannelHandler {
  typealias InboundIn = HTTPServerRequestPart
  typealias InboundOut = HTTPServerRequestPart

  private let maySocket: @Sendable (any Channel, HTTPRequestHead) -> Bool
  private var hasSeenHead = false

  init(maySocket: @escaping @Sendable (any Channel, HTTPRequestHead) -> Bool) {
    self.maySocket = maySocket
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    guard !hasSeenHead else {
      context.fireChannelRead(data)
      return
    }
    hasSeenHead = true
    if case .head(var head) = unwrapInboundIn(data), head.headers.contains(name: "Upgrade"),
      !Self.isHandshake(head.headers) || !maySocket(context.channel, head)
    {
      head.headers.remove(name: "Upgrade")
      context.fireChannelRead(wrapInboundOut(.head(head)))
    } else {
      context.fireChannelRead(data)
    }
    context.pipeline.syncOperations.removeHandler(self, promise: nil)
  }

  private static func isHandshake(_ headers: HTTPHeaders) -> Bool {
    headers[canonicalForm: "Upgrade"].contains { $0.lowercased() == "websocket" }
      && headers[canonicalForm: "Connection"].contains { $0.lowercased() == "upgrade" }
      && headers["Sec-WebSocket-Key"].count == 1 && headers["Sec-WebSocket-Version"] == ["13"]
  }
}

/// Bounds one request: its time, and what may be read of a body that nobody wants.
private final class RequestGuard: ChannelInboundHandler, RemovableChannelHandler {
  typealias InboundIn = HTTPRequestPart
  typealias InboundOut = HTTPRequestPart

  private static let maximumBody = 1 << 20
  private static let allowed = TimeAmount.seconds(30)
  private var octets = 0
  private var task: Scheduled<Void>?

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    switch unwrapInboundIn(data) {
    case .head:
      octets = 0
      let channel = context.channel
      task?.cancel()
      task = context.eventLoop.scheduleTask(in: Self.allowed) { channel.close(promise: nil) }
    case .body(let part):
      octets += part.readableBytes
      guard octets <= Self.maximumBody else {
        context.close(promise: nil)
        return
      }
    case .end:
      task?.cancel()
      task = nil
    }
    context.fireChannelRead(data)
  }

  func handlerRemoved(context: ChannelHandlerContext) { task?.cancel() }
}

/// Answers what is not a WebSocket frame, or one that is too long, with a close frame that the
/// client has time to read.
private final class FrameFailureHandler: ChannelInboundHandler {
  typealias InboundIn = WebSocketFrame
  typealias InboundOut = WebSocketFrame
  typealias OutboundOut = WebSocketFrame

  private var hasFailed = false

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    // After the first one, every datum that still arrives is an error.
    guard !hasFailed else { return }
    hasFailed = true
    let isTooLong =
      error as? NIOWebSocketError == .invalidFrameLength
      || error as? NIOWebSocketFrameAggregator.Error == .accumulatedFrameSizeIsTooLarge
    let code: CloseCode = isTooLong ? .tooLarge : .protocolError
    if isTooLong {
      let message = ServerMessage.error(
        SignalingError(.tooLarge, CloseCode.tooLarge.reason), fatal: true, re: nil)
      context.write(wrapOutboundOut(.text(message)), promise: nil)
    }
    context.writeAndFlush(wrapOutboundOut(.close(code)), promise: nil)
    context.close(mode: .output, promise: nil)
    let channel = context.channel
    context.eventLoop.scheduleTask(in: .seconds(2)) { channel.close(promise: nil) }
  }
}

extension WebSocketFrame {
  static func text(_ message: ServerMessage) -> Self {
    Self(fin: true, opcode: .text, data: ByteBuffer(bytes: message.encoded()))
  }

  static func close(_ code: CloseCode) -> Self {
    var data = ByteBuffer()
    data.write(webSocketErrorCode: WebSocketErrorCode(codeNumber: Int(code.rawValue)))
    data.writeString(code.reason)
    return Self(fin: true, opcode: .connectionClose, data: data)
  }
}
