public import MediaEngine
public import Transport

extension NegotiationStateMachine {
  /// A trickle fragment restarted ICE.
  public struct FragmentAnswer: Hashable, Sendable {
    public var peer: PeerID
    /// New ones of ours.
    public var local: ICECredentials
    public var remote: ICECredentials
    /// The fragment to send back (200 in WHIP, RFC 9725 section 4.3.3).
    public var fragment: String

    /// What the worker has to be told.
    public var commands: [WorkerCommand] { [.restartICE(peer, local: local, remote: remote)] }
  }
}
