internal import Consultation
internal import Transport

/// Proves, on a new connection, to be a participant that is on the roster:
/// `<consultation>~<participant>~<secret>`. Held by the room for as long as the participant is
/// there, so that there is no table of tokens to bound or to clean.
struct ResumeToken: Sendable {
  var consultation: ConsultationID
  var participant: ParticipantID
  /// 192 random bits, base32.
  private var secret: String

  init(consultation: ConsultationID, participant: ParticipantID, using random: inout SecretRandom) {
    self.consultation = consultation
    self.participant = participant
    let alphabet = Array("abcdefghijklmnopqrstuvwxyz234567".utf8)
    secret = String(decoding: random.bytes(40).map { alphabet[Int($0 & 31)] }, as: UTF8.self)
  }

  /// `nil` when the text has not the form of a resume token.
  init?(text: String) {
    let parts = text.split(separator: "~", omittingEmptySubsequences: false)
    guard parts.count == 3, let consultation = ConsultationID(rawValue: String(parts[0])),
      let participant = ParticipantID(rawValue: String(parts[1])), parts[2].utf8.count == 40
    else { return nil }
    self.consultation = consultation
    self.participant = participant
    secret = String(parts[2])
  }

  var text: String { "\(consultation)~\(participant)~\(secret)" }

  /// Takes the same time wherever the two differ.
  func matches(_ other: ResumeToken) -> Bool {
    let mine = Array(secret.utf8)
    let theirs = Array(other.secret.utf8)
    guard mine.count == theirs.count, consultation == other.consultation,
      participant == other.participant
    else { return false }
    var difference: UInt8 = 0
    for (a, b) in zip(mine, theirs) { difference |= a ^ b }
    return difference == 0
  }
}
