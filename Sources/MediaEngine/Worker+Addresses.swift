public import Wire

extension Worker {
  /// Whether an authenticated check has come from there, and its peer is still here. Whoever holds
  /// a connection for every address asks which are worth keeping. No verb: it changes nothing.
  public func knows(_ address: TransportAddress) -> Bool {
    table.peer(at: address) != nil
  }
}
