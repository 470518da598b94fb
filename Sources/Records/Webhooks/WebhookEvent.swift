internal import GRDB

/// One event of the outbox.
struct WebhookEvent: Hashable, Sendable {
  /// Counts up over all consultations, and never down.
  let number: Int64
  /// `webhook-id`: the same for every attempt, by which a receiver knows what it has seen.
  let id: String
  /// The consultation's row.
  let consultation: Int64
  let type: String
  /// The body, JSON.
  let content: String
  /// Failed attempts so far.
  let attempts: Int
  /// When the first attempt failed, milliseconds since 1970.
  let failingSince: Int64?

  init(_ row: Row) {
    number = row["number"]
    id = row["id"]
    consultation = row["consultation"]
    type = row["type"]
    content = row["content"]
    attempts = row["attempts"]
    failingSince = row["failingSince"]
  }
}
