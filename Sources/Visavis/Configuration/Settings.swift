internal import Consultation
internal import Transport

/// Every setting with its default. Names and nesting are those of the configuration file;
/// `Setting.all` says how each is written.
struct Settings: Hashable, Sendable {
  var http = HTTP()
  var media = Media()
  var srtp = SRTP()
  var turn = TURN()
  /// The folder for the database and generated secrets; `nil`: `StateFolder.defaultPath`.
  var state: String?
  var api = API()
  var signaling = Signaling()
  var admission = Admission()
  var loadtest = LoadTest()
  var metrics = Metrics()
  var webhooks = Webhooks()
  var files = Files()
  var hooks = Hooks()
  var bridges = Bridges()
  var recordings = Recordings()
  var quality = Quality()
  var witness = Witness()
  var act = Act()
  var retention = Retention()
  var log = Log()

  struct HTTP: Hashable, Sendable {
    var host = "127.0.0.1"
    var port = 8080
    var publicURL: String?
    var tls = TLS()
    var allowPlaintext = false
    var allowedOrigins: [String] = []

    struct TLS: Hashable, Sendable {
      var certificate: String?
      var key: String?
    }
  }

  struct Media: Hashable, Sendable {
    var port = 5000
    /// 0: one for each core.
    var workers = 0
    var announcedAddresses: [String] = []
    var tcp = true
    /// Milliseconds.
    var coalesce = 2
  }

  struct SRTP: Hashable, Sendable { var engine = SRTPEngine.default }

  /// URLs and secret, or neither.
  struct TURN: Hashable, Sendable {
    var urls: [String] = []
    var secret: String?
    /// Seconds.
    var lifetime = 86_400
  }

  /// Key and secret, or neither: generated into the state folder.
  struct API: Hashable, Sendable {
    var key: String?
    var secret: String?
    /// Both or none.
    var jwks: String?
    var issuer: String?
  }

  struct Signaling: Hashable, Sendable {
    var resumeSeconds = 60
    var maxParticipants = 6
  }

  /// Whom the server has room for.
  struct Admission: Hashable, Sendable {
    /// 0: no limit.
    var participants = 0
    /// Percent.
    var load = 85
    /// In a minute.
    var joinsPerAddress = 600
    var joinsPerToken = 30
  }

  struct LoadTest: Hashable, Sendable { var enabled = false }
  struct Metrics: Hashable, Sendable { var `public` = false }
  /// URL and secret, or neither.
  struct Webhooks: Hashable, Sendable {
    var url: String?
    var secret: String?
    /// Seconds.
    var retry = 5
  }

  /// What may be shared in a consultation.
  struct Files: Hashable, Sendable {
    /// MiB; 0: nothing.
    var size = 20
    /// MiB.
    var total = 2048
    var types = FileType.shareable.map(\.rawValue)
    /// Seconds.
    var handover = 0
  }

  /// What is decoded, and where.
  struct Hooks: Hashable, Sendable {
    var threads = 1
    /// Smaller pictures at one time; 0: none.
    var downscale = 2
    /// Mixes for narrow paths at one time; 0: none.
    var mix = 4
    /// Whether it is measured how loud microphones are.
    var loudness = false
  }

  /// Participants by RTP.
  struct Bridges: Hashable, Sendable {
    var networks: [String] = []
    /// `nil`: where the way to the other side begins.
    var address: String?
    /// 0: any.
    var port = 0
    var limit = 4
  }

  /// What may be recorded of consultations that ask for the consent.
  struct Recordings: Hashable, Sendable {
    /// MiB; 0: nothing.
    var total = 10_240
    var minutes = 120
    /// Seconds.
    var kept = 604_800
  }

  /// From where on something is an incident.
  struct Quality: Hashable, Sendable {
    var watch = true
    /// Percent.
    var loss = 5
    /// Milliseconds.
    var jitter = 60
    var roundTrip = 400
    var queue = 150
    /// Pictures a second.
    var frameRate = 15
    /// Seconds.
    var silence = 8
    var outage = 3
  }

  struct Witness: Hashable, Sendable { var url: String? }

  struct Act: Hashable, Sendable { var seconds = 60 }

  /// Days; 0: for ever.
  struct Retention: Hashable, Sendable {
    var quality = 395
    var personal = 365
    var records = 1095
    /// `nil`: one made beside the database.
    var key: String?
  }

  struct Log: Hashable, Sendable { var level = LogLevel.info }

  enum LogLevel: String, Hashable, Sendable, CaseIterable {
    case trace, debug, info, notice, warning, error, critical
  }
}
