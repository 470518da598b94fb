/// Says where the trouble of one direction is, from the incidents of its two ends.
public enum FaultLocator {
  /// What is wrong on the way from one participant to another, the worst first.
  ///
  /// - Parameters:
  ///   - sender: open incidents of who speaks.
  ///   - receiver: of who listens.
  public static func locate(sender: [Incident], receiver: [Incident]) -> [Incident] {
    let upper = sender.filter { isOfSending($0.side) }
    let lower = receiver.filter { !isOfSending($0.side) || $0.cause == .drop }.map { incident in
      var incident = incident
      if incident.cause == .drop {
        incident.side = incident.side == .senderDevice ? .receiverDevice : .receiverDownlink
      }
      return incident
    }
    var seen: Set<IncidentDetector.Fault> = []
    return (upper + lower).filter {
      seen.insert(.init(side: $0.side, cause: $0.cause)).inserted
    }
    .sorted { $0.severity > $1.severity }
  }

  static func isOfSending(_ side: FaultSide) -> Bool {
    switch side {
    case .senderDevice, .senderUplink: true
    case .node, .receiverDownlink, .receiverDevice: false
    }
  }
}
