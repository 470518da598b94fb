public import MediaEngine
public import Wire

/// One worker as signaling is given it.
public struct MediaWorker: Sendable {
  public let handle: WorkerHandle
  /// Under which clients reach its port, most useful first.
  public let addresses: [IPAddress]

  public init(_ handle: WorkerHandle, addresses: [IPAddress]) {
    self.handle = handle
    self.addresses = addresses
  }
}
