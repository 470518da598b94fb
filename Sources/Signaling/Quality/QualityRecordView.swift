internal import Consultation
internal import FoundationEssentials
internal import Quality
internal import Wire

/// What is kept of the quality of a consultation: scores and their timelines, incidents, verdicts.
struct QualityRecordView: Encodable {
  struct Verdict: Encodable {
    var from: String
    var to: String
    var policy: String
    var adequate: Bool
    /// Seconds since scores began: from, to.
    var inadequate: [[Int]]
  }

  struct Timeline: Encodable {
    var from: String
    var to: String
    /// Means of ten seconds each, estimated.
    var sound: [Double]
    var picture: [Double]
  }

  var quality: QualityDetail
  var until: String
  var timelines: [Timeline]
  var verdicts: [Verdict]
  /// Seconds that media took to come up, of each connection.
  var setups: [Double]

  init(_ watch: ConsultationWatch, wallClock: InstantToWall) {
    quality = QualityDetail(watch, wallClock: wallClock, hasSeries: false)
    until = wallClock(watch.lastLook).description
    timelines = []
    verdicts = []
    setups = watch.setups.map(rounded)
    for (key, direction) in watch.directions {
      let sound = direction.sound.windowMeans
      let picture = direction.picture.windowMeans
      timelines.append(
        Timeline(
          from: key.sender.rawValue, to: key.receiver.rawValue, sound: sound.map(rounded),
          picture: picture.map(rounded)))
      for policy in QualityPolicy.all {
        let verdict = policy.judge(sound: sound, picture: picture)
        verdicts.append(
          Verdict(
            from: key.sender.rawValue, to: key.receiver.rawValue, policy: policy.name,
            adequate: verdict.isAdequate,
            inadequate: verdict.inadequate.map { [$0.lowerBound, $0.upperBound] }))
      }
    }
  }

  var json: String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    return (try? encoder.encode(self)).map { String(decoding: $0, as: UTF8.self) } ?? "{}"
  }
}
