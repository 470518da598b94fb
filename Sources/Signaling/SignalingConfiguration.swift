public import Consultation
public import Quality

/// What the operator decides about signaling; `Config/visavis.yaml` has the same names.
public struct SignalingConfiguration: Sendable {
  /// `http.host`, `http.port`: where to listen. Port 0: any free one.
  public var host: String
  public var port: Int
  /// `http.publicURL`: how clients reach the server, as `https://visavis.example.org`; links and
  /// `Location` headers begin with it. `nil`: made from the `Host` of the request.
  public var publicURL: String?
  /// `http.tls`; `nil`: plain HTTP.
  public var tls: CertificateFiles?
  /// `http.allowPlaintext`: a proxy in front does TLS, and the last address that it writes into
  /// `X-Forwarded-For` is the client's.
  public var isBehindProxy: Bool
  /// `http.allowedOrigins`: web origins besides our own, as `https://portal.example.org`; `*` is
  /// every origin.
  public var allowedOrigins: [String]
  /// `api.key`, `api.secret`: what tokens are signed with.
  public var apiKey: String
  public var apiSecret: String
  /// `api.jwks`, `api.issuer`: who else mints tokens, with keys of its own.
  public var tokenIssuer: TokenIssuer?
  /// `loadtest.enabled`
  public var loadTestEnabled: Bool
  /// `metrics.public`: `/metrics` without a token, from anywhere.
  public var metricsPublic: Bool
  /// `signaling.resumeSeconds`: how long a participant whose connection is lost stays.
  public var resumeSeconds: Int
  /// `signaling.maxParticipants`: in one consultation.
  public var maxParticipants: Int
  /// In one `bench-` consultation.
  public var maxLoadTestParticipants: Int
  /// Consultations that people are in at one time.
  public var maxRooms: Int
  /// HTTP and WebSocket connections at one time.
  public var maxConnections: Int
  /// In which a new connection has to make its first request head.
  public var headSeconds: Int
  /// `iceServers` of `joined` and `Link` of WHIP and WHEP, the same for everyone; a server that is
  /// reachable needs none.
  public var iceServers: [ICEServer]
  /// `turn`: servers with credentials for each participant, told in the same places.
  public var turn: TURNAccess?
  /// Shown at `/health/live` and in `Server`.
  public var version: String
  public var rates: RateLimits
  /// `admission.participants`: on the whole server; `nil`: as many as its workers have room for.
  public var maxPresent: Int?
  /// `admission.load`: share of a worker's time at work from which on nobody new comes in; 1: it is
  /// not looked at.
  public var maxLoad = 0.85
  public var retention = Retention()
  public var act = ActRule()
  /// `quality.watch`
  public var watchesQuality = true
  /// `quality`: from where on something is an incident.
  public var quality = QualityThresholds()

  public init(
    host: String = "127.0.0.1", port: Int = 8080, publicURL: String? = nil,
    tls: CertificateFiles? = nil, isBehindProxy: Bool = false, allowedOrigins: [String] = [],
    apiKey: String, apiSecret: String, loadTestEnabled: Bool = false, metricsPublic: Bool = false,
    resumeSeconds: Int = 60, maxParticipants: Int = 6, maxLoadTestParticipants: Int = 64,
    maxRooms: Int = 10_000, maxConnections: Int = 20_000, headSeconds: Int = 15,
    iceServers: [ICEServer] = [], turn: TURNAccess? = nil,
    version: String = "0", rates: RateLimits = RateLimits()
  ) {
    self.host = host
    self.port = port
    self.publicURL = publicURL
    self.tls = tls
    self.isBehindProxy = isBehindProxy
    self.allowedOrigins = allowedOrigins
    self.apiKey = apiKey
    self.apiSecret = apiSecret
    self.loadTestEnabled = loadTestEnabled
    self.metricsPublic = metricsPublic
    self.resumeSeconds = resumeSeconds
    self.maxParticipants = maxParticipants
    self.maxLoadTestParticipants = maxLoadTestParticipants
    self.maxRooms = maxRooms
    self.maxConnections = maxConnections
    self.headSeconds = headSeconds
    self.iceServers = iceServers
    self.turn = turn
    self.version = version
    self.rates = rates
  }

  /// A program that signs tokens with RS256 or ES256.
  public struct TokenIssuer: Hashable, Sendable {
    /// The claim `iss` of its tokens.
    public var name: String
    /// The path of its public keys, a JWK Set (RFC 7517).
    public var keySet: String

    public init(name: String, keySet: String) {
      self.name = name
      self.keySet = keySet
    }
  }

  /// PEM files of the certificate chain and its key.
  public struct CertificateFiles: Hashable, Sendable {
    public var certificate: String
    public var key: String

    public init(certificate: String, key: String) {
      self.certificate = certificate
      self.key = key
    }
  }

  /// For each client address; an IPv6 address counts by its /64. A load test is not limited.
  public struct RateLimits: Hashable, Sendable {
    /// HTTP requests and new WebSocket connections. A clinic is one address behind its NAT.
    public var requestBurst: Int
    public var requestsPerSecond: Int
    /// Requests and joins with a token that is refused.
    public var refusalBurst: Int
    public var refusalsPerSecond: Int
    /// `admission.joinsPerAddress`, `admission.joinsPerToken`: in a minute.
    public var joinsPerAddress: Int
    public var joinsPerToken: Int

    public init(
      requestBurst: Int = 600, requestsPerSecond: Int = 100, refusalBurst: Int = 40,
      refusalsPerSecond: Int = 1, joinsPerAddress: Int = 600, joinsPerToken: Int = 30
    ) {
      self.requestBurst = requestBurst
      self.requestsPerSecond = requestsPerSecond
      self.refusalBurst = refusalBurst
      self.refusalsPerSecond = refusalsPerSecond
      self.joinsPerAddress = joinsPerAddress
      self.joinsPerToken = joinsPerToken
    }
  }
}
