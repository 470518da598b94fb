/// `a=setup`: who opens the connection, for DTLS the client (RFC 4145, RFC 8842).
public enum SetupRole: String, Hashable, Sendable, CaseIterable {
  case active, passive, actpass, holdconn
}
