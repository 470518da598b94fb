internal import Consultation
internal import Logging
internal import Transport

/// What all rooms of the server share.
struct RoomEnvironment: Sendable {
  var configuration: SignalingConfiguration
  var clock: SignalingClock
  var store: any ConsultationRecordStore
  /// Of the DTLS certificate of the workers.
  var fingerprint: CertificateFingerprint
  var counters: SignalingCounters
  var logger: Logger
  /// `nil`: nobody watches.
  var quality: QualityMonitor?
  var admission: AdmissionControl
  /// `nil`: files are not shared.
  var files: FileShelf?
  /// `nil`: still images are not taken.
  var stills: (any StillImageSource)?
  /// `nil`: smaller pictures are not made.
  var renditions: (any RenditionMaker)?
  /// `nil`: voices are not put together.
  var mixer: (any VoiceMixer)?
  /// `nil`: it is not measured how loud microphones are.
  var loudness: (any LoudnessMeter)?
  /// `nil`: nothing is recorded.
  var recorder: (any RecordingSource)?
  var recordings: RecordingShelf?
  /// `nil`: nobody takes part by RTP.
  var bridges: (any BridgeSource)?
  let refusals = RefusalLedger()

  func participantLimit(of consultation: ConsultationID) -> Int {
    consultation.isLoadTest
      ? configuration.maxLoadTestParticipants : configuration.maxParticipants
  }
}
