internal import NIOCore
internal import NIOHTTP1
internal import NIOPosix
internal import NIOSSL

/// What is wrong with the server, in words for the one who runs the load.
struct ServerComplaint: Error, CustomStringConvertible {
  var description: String

  init(_ description: String) { self.description = description }
}

/// Connections of the control plane, all on one thread.
final class NetworkClient: Sendable {
  let group: MultiThreadedEventLoopGroup
  private let tls: NIOSSLContext?

  /// - Parameter verifiesCertificates: off for a server with a certificate of its own making.
  init(verifiesCertificates: Bool) {
    group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    var configuration = TLSConfiguration.makeClientConfiguration()
    if !verifiesCertificates { configuration.certificateVerification = .none }
    tls = try? NIOSSLContext(configuration: configuration)
  }

  func shutdown() async { try? await group.shutdownGracefully() }

  /// Puts TLS into a new connection where the URL asks for it.
  func secure(_ channel: any Channel, _ url: ServerURL) throws {
    guard url.isSecure else { return }
    guard let tls else { throw ServerComplaint("TLS is not available") }
    let name = url.host.allSatisfy { $0.isNumber || $0 == "." || $0 == ":" } ? nil : url.host
    try channel.pipeline.syncOperations.addHandler(
      try NIOSSLClientHandler(context: tls, serverHostname: name))
  }

  struct Response: Sendable {
    var status: Int
    var headers: HTTPHeaders
    var body: String
  }

  /// One request on a connection of its own.
  func request(
    _ method: HTTPMethod, _ url: ServerURL, headers: HTTPHeaders = HTTPHeaders(), body: String = ""
  ) async throws -> Response {
    let promise = group.any().makePromise(of: Response.self)
    let channel = try await ClientBootstrap(group: group)
      .connectTimeout(.seconds(10))
      .channelOption(.tcpOption(.tcp_nodelay), value: 1)
      .channelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          try self.secure(channel, url)
          try channel.pipeline.syncOperations.addHTTPClientHandlers()
          try channel.pipeline.syncOperations.addHandler(ResponseCollector(promise))
        }
      }
      .connect(host: url.host, port: url.port).get()
    var fields = headers
    fields.replaceOrAdd(name: "Host", value: url.authority)
    fields.replaceOrAdd(name: "Connection", value: "close")
    if !body.isEmpty || method == .POST || method == .PATCH {
      fields.replaceOrAdd(name: "Content-Length", value: "\(body.utf8.count)")
    }
    let head = HTTPRequestHead(version: .http1_1, method: method, uri: url.target, headers: fields)
    channel.write(HTTPClientRequestPart.head(head), promise: nil)
    if !body.isEmpty {
      let content = HTTPClientRequestPart.body(.byteBuffer(ByteBuffer(string: body)))
      channel.write(content, promise: nil)
    }
    channel.writeAndFlush(HTTPClientRequestPart.end(nil), promise: nil)
    let timeout = channel.eventLoop.scheduleTask(in: .seconds(15)) {
      promise.fail(ServerComplaint("\(method) \(url) was not answered within 15 s"))
    }
    defer {
      timeout.cancel()
      channel.close(promise: nil)
    }
    return try await promise.futureResult.get()
  }
}

/// Waits for one response.
private final class ResponseCollector: ChannelInboundHandler {
  typealias InboundIn = HTTPClientResponsePart

  private let promise: EventLoopPromise<NetworkClient.Response>
  private var head: HTTPResponseHead?
  private var body = ""

  init(_ promise: EventLoopPromise<NetworkClient.Response>) { self.promise = promise }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    switch unwrapInboundIn(data) {
    case .head(let head): self.head = head
    case .body(let buffer): body += String(buffer: buffer)
    case .end:
      guard let head else { return }
      promise.succeed(
        NetworkClient.Response(
          status: Int(head.status.code), headers: head.headers, body: body))
    }
  }

  func channelInactive(context: ChannelHandlerContext) {
    promise.fail(ServerComplaint("the server closed the connection without an answer"))
    context.fireChannelInactive()
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    promise.fail(error)
    context.close(promise: nil)
  }
}
