internal import Congestion
internal import Forwarding
internal import Wire

/// What sound may cost on the way to a viewer.
extension Worker {
  /// Looks at it, and takes or gives redundancy; what encoders may produce is for signaling to tell.
  func regulateSound(
    _ peer: Peer, _ downlink: UnsafeMutablePointer<Downlink>, _ now: MediaInstant
  ) {
    guard downlink.pointee.isSteering else { return }
    let before = downlink.pointee.sound.budget
    let load = downlink.pointee.load
    let hasChanged = downlink.pointee.sound.update(
      estimate: downlink.pointee.estimator.lastingEstimate, loss: downlink.pointee.estimator.loss,
      voices: load.voices, hasPicture: load.videos > 0,
      isUntroubled: downlink.pointee.isUntroubled, at: now)
    guard hasChanged else { return }
    let budget = downlink.pointee.sound.budget
    for record in peer.subscriptions where record.parameters.kind == .audio {
      router.setRedundancy(budget.redundancy, of: record.handle)
      if budget.rate != before.rate { events.append(.soundLimited(record.id, budget.rate)) }
    }
  }

  /// A track that comes to a path which is known already.
  func limitSound(_ record: SubscriptionRecord, of peer: Peer) {
    guard let budget = peer.media.pointee.downlink?.pointee.sound.budget else { return }
    router.setRedundancy(budget.redundancy, of: record.handle)
    if budget.rate != .ample { events.append(.soundLimited(record.id, budget.rate)) }
  }
}
