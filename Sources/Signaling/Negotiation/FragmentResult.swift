public import MediaEngine
public import Transport

/// What a trickle fragment did.
public enum FragmentResult: Hashable, Sendable {
  /// Candidates or nothing: we are ICE-lite and learn addresses from checks (204 in WHIP).
  case candidates
  /// New credentials; `answer` is the fragment to send back (200 in WHIP).
  case iceRestart(peer: PeerID, local: ICECredentials, remote: ICECredentials, answer: String)
}
