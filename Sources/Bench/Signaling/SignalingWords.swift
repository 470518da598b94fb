internal import Foundation

/// The messages of the server's WebSocket protocol that a simulated participant understands.
struct ServerWord: Decodable, Sendable {
  struct Publication: Decodable, Sendable {
    var id: String
    var kind: String
  }

  struct Member: Decodable, Sendable {
    var id: String
    var publications: [Publication]?
  }

  enum Party: Decodable, Sendable {
    case id(String)
    case member(Member)

    init(from decoder: any Decoder) throws {
      if let id = try? decoder.singleValueContainer().decode(String.self) {
        self = .id(id)
      } else {
        self = .member(try Member(from: decoder))
      }
    }

    var id: String {
      switch self {
      case .id(let id): id
      case .member(let member): member.id
      }
    }
  }

  enum Track: Decodable, Sendable {
    case id(String)
    case publication(Publication)

    init(from decoder: any Decoder) throws {
      if let id = try? decoder.singleValueContainer().decode(String.self) {
        self = .id(id)
      } else {
        self = .publication(try Publication(from: decoder))
      }
    }

    var id: String {
      switch self {
      case .id(let id): id
      case .publication(let publication): publication.id
      }
    }
  }

  struct Resume: Decodable, Sendable {
    var token: String
  }

  var type: String
  var participant: Party?
  var roster: [Member]?
  var resume: Resume?
  var publication: Track?
  var sdp: String?
  var code: String?
  var message: String?
  var fatal: Bool?
  var state: String?
  var reason: String?
  var step: String?
  /// Of sound that somebody gets on a narrow path, bits/s.
  var maxBitrate: Int?
  /// Another `published` of the same participant follows.
  var more: Bool?

  init(_ text: String) throws {
    self = try JSONDecoder().decode(ServerWord.self, from: Data(text.utf8))
  }
}

/// The messages that it sends.
struct ClientWord: Encodable, Sendable {
  struct Publish: Encodable, Sendable {
    var source: String
  }

  struct Track: Encodable, Sendable {
    var mid: String
    var publish: Publish?
    var subscribe: String?
  }

  var type: String
  var v: Int?
  var token: String?
  var consultation: String?
  var resume: String?
  var sdp: String?
  var tracks: [Track]?

  var text: String {
    // Text and numbers only: there is nothing that cannot be encoded.
    (try? JSONEncoder().encode(self)).map { String(decoding: $0, as: UTF8.self) } ?? "{}"
  }
}
