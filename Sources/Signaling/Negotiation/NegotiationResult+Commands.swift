public import MediaEngine

extension NegotiationResult {
  /// The result as commands to the worker, in the order in which they have to be sent.
  public var commands: [WorkerCommand] { commands(leastDelay: false) }

  /// - Parameter leastDelay: of the consultation.
  public func commands(leastDelay: Bool) -> [WorkerCommand] {
    var commands: [WorkerCommand] = []
    commands += removedSubscriptions.map { .removeSubscription($0) }
    commands += removedPublications.map { .removePublication($0) }
    var replaced: PeerID?
    switch transport {
    case .unchanged: break
    case .iceRestart(let local, let remote):
      commands.append(.restartICE(peer, local: local, remote: remote))
    case .new(var parameters, let former):
      parameters.wantsLeastDelay = leastDelay
      commands.append(.addPeer(peer, parameters))
      replaced = former
    }
    // Adding what is there already describes it anew.
    commands += (addedPublications + changedPublications).map {
      .addPublication($0.id, $0.parameters)
    }
    commands += (addedSubscriptions + changedSubscriptions).map {
      .addSubscription($0.id, $0.parameters)
    }
    commands += reboundSubscriptions.map { .bindSubscription($0.id, $0.publication) }
    commands += mutedPublications.map { .setPublicationMuted($0.id, $0.muted) }
    // Last: publications have moved off it, so that their viewers stay with them.
    if let replaced { commands.append(.removePeer(replaced)) }
    return commands
  }
}
