/// Streams that are made of others.
extension Router {
  /// Lets a stream tell its time by the sender reports of the publication that it is made of, whose timestamps it
  /// has kept: pictures stay with the sound when a viewer goes over from one to the other.
  public func shareClock(of source: PublicationHandle, with made: PublicationHandle) {
    guard let source = publication(source), let made = publication(made) else { return }
    made.pointee.report = source.pointee.report
  }
}
