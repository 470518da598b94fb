internal import Consultation
internal import MediaEngine
internal import Wire

/// What one accepted section is for, after the client's bindings and the rule for the rest.
struct SectionRoles {
  struct Publish: Hashable {
    var id: PublicationID
    var source: MediaSource
    var muted: Bool
  }

  struct Subscribe: Hashable {
    var publication: PublicationID?
    var stream: String?
  }

  var publish: Publish?
  var subscribe: Subscribe?

  /// Ours: what the answer says.
  var direction: MediaDirection {
    MediaDirection(sends: subscribe != nil, receives: publish != nil)
  }
}

/// Distributes the roles over the sections of an offer.
struct RoleAssignment {
  private let sections: [OfferedSection]
  private(set) var roles: [SectionRoles]
  private var publications: Set<PublicationID> = []

  /// - Parameter sections: every section of the offer, in order.
  init(_ sections: [OfferedSection]) {
    self.sections = sections
    roles = Array(repeating: SectionRoles(), count: sections.count)
  }

  mutating func bind(_ bindings: [TrackBinding]) throws(NegotiationError) {
    for binding in bindings {
      let mid = binding.mid
      guard let section = sections.first(where: { $0.mid == mid }) else {
        throw .bindingWithoutSection(mid: mid)
      }
      switch binding.role {
      case .publish(let id, let source, let muted):
        guard roles[section.index].publish == nil else { throw .bindingDuplicate(mid: mid) }
        // What the server itself rejects is no mistake of the client.
        guard section.rejection == nil else { continue }
        guard section.direction.sends, let kind = section.accepted?.kind else {
          throw .sectionDoesNotSend(mid: mid, section.offeredDirection)
        }
        guard source.isAudio == (kind == .audio) else {
          throw .sourceKindMismatch(mid: mid, source: source, section: kind)
        }
        guard publications.insert(id).inserted else { throw .publicationDuplicate(mid: mid) }
        roles[section.index].publish = .init(id: id, source: source, muted: muted)
      case .subscribe(let publication, let publicationKind, let stream):
        guard roles[section.index].subscribe == nil else { throw .bindingDuplicate(mid: mid) }
        guard section.rejection == nil else { continue }
        guard section.direction.receives, let kind = section.accepted?.kind else {
          throw .sectionDoesNotReceive(mid: mid, section.offeredDirection)
        }
        if let publicationKind, publicationKind != kind {
          throw .publicationKindMismatch(mid: mid, publication: publicationKind, section: kind)
        }
        if let stream, !Self.isStreamName(stream) {
          throw .streamInvalid(String(stream.prefix(64)))
        }
        roles[section.index].subscribe = .init(publication: publication, stream: stream)
      }
    }
  }

  /// WHIP: all that sends and is not bound.
  ///
  /// - Parameter known: what sections published before, by mid; it stays.
  mutating func publishRest(
    known: [String: SectionRoles.Publish], newPublication: () -> PublicationID
  ) throws(NegotiationError) {
    for section in sections where roles[section.index].publish == nil {
      guard section.direction.sends, let kind = section.accepted?.kind,
        let old = known[section.mid], old.source.isAudio == (kind == .audio),
        publications.insert(old.id).inserted
      else { continue }
      roles[section.index].publish = old
    }
    for section in sections where roles[section.index].publish == nil {
      guard section.direction.sends, let kind = section.accepted?.kind else { continue }
      let taken = roles.compactMap(\.publish?.source)
      let source: MediaSource
      switch kind {
      case .audio where !taken.contains(.microphone): source = .microphone
      case .audio: continue
      case .video: source = taken.contains(.camera) ? .screen : .camera
      }
      let id = newPublication()
      publications.insert(id)
      roles[section.index].publish = .init(id: id, source: source, muted: false)
    }
    guard roles.contains(where: { $0.publish != nil }) else { throw .nothingToPublish }
  }

  /// WHEP: all that receives and is not bound.
  ///
  /// - Parameter known: what sections subscribed to before, by mid; it stays while it is playable.
  mutating func playRest(
    _ tracks: [PlayableTrack], stream: String, known: [String: PublicationID]
  ) throws(NegotiationError) {
    guard Self.isStreamName(stream) else { throw .streamInvalid(String(stream.prefix(64))) }
    let free = sections.filter {
      $0.accepted != nil && $0.direction.receives && roles[$0.index].subscribe == nil
    }
    var waiting = tracks
    for section in free {
      guard let old = known[section.mid],
        let place = waiting.firstIndex(where: { $0.publication == old })
      else { continue }
      waiting.remove(at: place)
      roles[section.index].subscribe = .init(publication: old, stream: stream)
    }
    for section in free where roles[section.index].subscribe == nil {
      var publication: PublicationID?
      if let place = waiting.firstIndex(where: { $0.kind == section.accepted?.kind }) {
        publication = waiting.remove(at: place).publication
      }
      roles[section.index].subscribe = .init(publication: publication, stream: stream)
    }
    guard roles.contains(where: { $0.subscribe != nil }) else { throw .nothingToPlay }
  }

  /// It is written into `a=msid` and `a=ssrc` as it is. `-` means no stream there.
  private static func isStreamName(_ text: String) -> Bool {
    (1...64).contains(text.utf8.count) && text != "-"
      && text.utf8.allSatisfy { octet in
        switch octet {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
          UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"),
          UInt8(ascii: "."):
          true
        default: false
        }
      }
  }
}

extension OfferedSection {
  /// For messages: a stopped section is inactive, whatever it says.
  fileprivate var offeredDirection: MediaDirection {
    if case .stopped = verdict { .inactive } else { direction }
  }
}
