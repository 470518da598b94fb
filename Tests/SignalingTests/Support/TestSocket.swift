import Foundation
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOWebSocket
import Testing

@testable import Signaling

/// A WebSocket client that shows every frame.
struct TestSocket {
  typealias Channel = NIOAsyncChannel<WebSocketFrame, WebSocketFrame>

  /// Connects and runs `body`; the socket is closed hard after it.
  static func run<Result>(
    to server: LiveServer, headers: HTTPHeaders = [:],
    _ body: (inout Conversation) async throws -> Result
  ) async throws -> Result {
    let upgraded = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
      .connect(host: "127.0.0.1", port: server.port) { channel in
        channel.eventLoop.makeCompletedFuture {
          let upgrader = NIOTypedWebSocketClientUpgrader<Channel?>(
            maxFrameSize: 1 << 20,
            upgradePipelineHandler: { channel, _ in
              channel.eventLoop.makeCompletedFuture {
                try Channel(wrappingChannelSynchronously: channel)
              }
            })
          var all = headers
          all.add(name: "Host", value: "127.0.0.1:\(server.port)")
          return try channel.pipeline.syncOperations.configureUpgradableHTTPClientPipeline(
            configuration: .init(
              upgradeConfiguration: .init(
                upgradeRequestHead: HTTPRequestHead(
                  version: .http1_1, method: .GET, uri: "/v1/signal", headers: all),
                upgraders: [upgrader],
                notUpgradingCompletionHandler: { $0.eventLoop.makeSucceededFuture(nil) })))
        }
      }.get()
    let channel = try #require(upgraded)
    return try await channel.executeThenClose { inbound, outbound in
      var conversation = Conversation(iterator: inbound.makeAsyncIterator(), outbound: outbound)
      return try await body(&conversation)
    }
  }

  struct Conversation {
    fileprivate var iterator: NIOAsyncChannelInboundStream<WebSocketFrame>.AsyncIterator
    fileprivate let outbound: NIOAsyncChannelOutboundWriter<WebSocketFrame>

    func send(_ text: String) async throws {
      try await send(WebSocketOpcode.text, Array(text.utf8))
    }

    func send(_ opcode: WebSocketOpcode, _ data: [UInt8], isMasked: Bool = true) async throws {
      try await outbound.write(
        WebSocketFrame(
          fin: true, opcode: opcode, maskKey: isMasked ? .random() : nil,
          data: ByteBuffer(bytes: data)))
    }

    /// The next message as an object; `nil` when the server closes.
    mutating func next() async throws -> [String: Any]? {
      while let frame = try await iterator.next() {
        switch frame.opcode {
        case .text:
          return try JSONSerialization.jsonObject(with: Data(frame.data.readableBytesView))
            as? [String: Any]
        case .connectionClose:
          var data = frame.data
          lastCloseCode = data.readInteger(as: UInt16.self)
          return nil
        default: continue
        }
      }
      return nil
    }

    private(set) var lastCloseCode: UInt16?

    /// The close code of the server, after whatever it still sends.
    mutating func closeCode() async throws -> UInt16? {
      while try await next() != nil {}
      return lastCloseCode
    }

    /// The next message of a type.
    mutating func next(_ type: String) async throws -> [String: Any] {
      while let message = try await next() {
        if message["type"] as? String == type { return message }
      }
      throw Closed()
    }

    mutating func join(_ token: String) async throws -> [String: Any] {
      try await send(#"{"type":"join","v":1,"id":"j","token":"\#(token)"}"#)
      return try await next("joined")
    }

    struct Closed: Error {}
  }
}
