public import MediaEngine

extension NegotiationResult {
  /// The result as commands to the worker, in the order in which they have to be sent.
  public var commands: [WorkerCommand] {
    var commands: [WorkerCommand] = []
    commands += removedSubscriptions.map { .removeSubscription($0) }
    commands += removedPublications.map { .removePublication($0) }
    // The worker has no command that changes parameters: out with the old, in with the new.
    commands += changedPublications.map { .removePublication($0.id) }
    switch transport {
    case .unchanged: break
    case .iceRestart(let local, let remote):
      commands.append(.restartICE(peer, local: local, remote: remote))
    case .new(let parameters, let replaced):
      if let replaced { commands.append(.removePeer(replaced)) }
      commands.append(.addPeer(peer, parameters))
    }
    commands += (addedPublications + changedPublications).map {
      .addPublication($0.id, $0.parameters)
    }
    commands += addedSubscriptions.map { .addSubscription($0.id, $0.parameters) }
    commands += reboundSubscriptions.map { .bindSubscription($0.id, $0.publication) }
    commands += mutedPublications.map { .setPublicationMuted($0.id, $0.muted) }
    return commands
  }
}
