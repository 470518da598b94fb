public import MediaEngine
public import Wire

/// One worker as signaling is given it.
public struct MediaWorker: Sendable {
  public let handle: WorkerHandle
  /// Under which clients reach its port, most useful first.
  public let addresses: [IPAddress]
  /// Whether it takes connections on the TCP port of the same number.
  public let hasTCP: Bool
  /// What its socket dropped before the worker saw it, cumulative, for `/metrics`.
  public let socketRefusals: @Sendable () -> [(reason: String, count: UInt64)]

  public init(
    _ handle: WorkerHandle, addresses: [IPAddress], hasTCP: Bool = false,
    socketRefusals: @escaping @Sendable () -> [(reason: String, count: UInt64)] = { [] }
  ) {
    self.handle = handle
    self.addresses = addresses
    self.hasTCP = hasTCP
    self.socketRefusals = socketRefusals
  }
}
