internal import HTTPTypes

extension HTTPField.Name {
  static let link = named("Link")
  static let acceptPost = named("Accept-Post")
  static let acceptPatch = named("Accept-Patch")
  static let permissionsPolicy = named("Permissions-Policy")
  static let referrerPolicy = named("Referrer-Policy")
  static let frameOptions = named("X-Frame-Options")
  static let openerPolicy = named("Cross-Origin-Opener-Policy")
  static let forwardedFor = named("X-Forwarded-For")
  static let forwardedProto = named("X-Forwarded-Proto")
  static let uploadOffset = named("Upload-Offset")
  static let uploadLength = named("Upload-Length")
  static let host = named("Host")

  private static func named(_ text: String) -> Self {
    guard let name = Self(text) else { preconditionFailure("not a field name: \(text)") }
    return name
  }
}
