// modules: Wire
// system: COpenSSL CSRTP CPrefetch
// sources: Sources/Transport/*.swift
// limit: 2048
import Wire

/// Lets both SRTP engines send and receive what the input says, in any order, twice, changed and cut:
/// they must do the same, octet by octet and refusal by refusal.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzSRTP(_ data: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  var input = Octets(rest: UnsafeBufferPointer(start: data, count: count)[...])
  guard let first = input.next() else { return 0 }
  let profile = SRTPProfile.allCases[Int(first) % SRTPProfile.allCases.count]
  guard let senders = Engines(profile, flipped: false),
    let receivers = Engines(profile, flipped: true)
  else { return 0 }
  while let operation = input.next() {
    switch operation % 4 {
    case 0: exchange(input.rtp(), senders, receivers, isControl: false, operation)
    case 1: exchange(input.rtcp(), senders, receivers, isControl: true, operation)
    case 2: receivers.open(input.bytes(), isControl: false)
    default: receivers.open(input.bytes(), isControl: true)
    }
  }
  return 0
}

private func exchange(
  _ clear: [UInt8], _ senders: Engines, _ receivers: Engines, isControl: Bool, _ operation: UInt8
) {
  guard var sealed = senders.seal(clear, isControl: isControl) else { return }
  // Dropped, delivered, delivered twice, changed and then delivered.
  switch operation >> 2 & 3 {
  case 0: return
  case 1: break
  case 2: receivers.open(sealed, isControl: isControl)
  default:
    let whole = sealed
    sealed[Int(operation >> 4) * (sealed.count - 1) / 15] ^= 1 << (operation >> 5)
    receivers.open(sealed, isControl: isControl)
    sealed = whole
  }
  receivers.open(sealed, isControl: isControl)
}

private struct Octets {
  var rest: Slice<UnsafeBufferPointer<UInt8>>

  mutating func next() -> UInt8? { rest.popFirst() }

  mutating func bytes() -> [UInt8] {
    let count = min(Int(next() ?? 0), rest.count)
    defer { rest = rest.dropFirst(count) }
    return Array(rest.prefix(count))
  }

  /// An RTP packet of one of four sources.
  mutating func rtp() -> [UInt8] {
    let sequence = [next() ?? 0, next() ?? 0]
    let source = (next() ?? 0) & 3
    return [0x80, 96] + sequence + [0, 0, 0, 0, 0, 0, 0, source] + bytes()
  }

  mutating func rtcp() -> [UInt8] {
    let source = (next() ?? 0) & 3
    return [0x80, 201, 0, 1, 0, 0, 0, source] + bytes()
  }
}

private struct Engines {
  let ours: SRTPSession
  let theirs: SRTPSession

  init?(_ profile: SRTPProfile, flipped: Bool) {
    let length = profile.keyLength + profile.saltLength
    let one = (0..<length).map { UInt8(truncatingIfNeeded: $0 * 7 + 1) }
    let other = (0..<length).map { UInt8(truncatingIfNeeded: $0 * 5 + 3) }
    guard
      let keys = SRTPKeyingMaterial(
        profile: profile, local: flipped ? other : one, remote: flipped ? one : other),
      let ours = SRTPSession(keys, engine: .openSSL),
      let theirs = SRTPSession(keys, engine: .libSRTP)
    else { return nil }
    self.ours = ours
    self.theirs = theirs
  }

  func seal(_ clear: [UInt8], isControl: Bool) -> [UInt8]? {
    func sealed(_ session: SRTPSession) -> [UInt8]? {
      var buffer = clear + [UInt8](repeating: 0, count: 20)
      return buffer.withUnsafeMutableBytes {
        isControl
          ? session.protectRTCP($0, length: clear.count)
          : session.protectRTP($0, length: clear.count)
      }.map { Array(buffer.prefix($0)) }
    }
    let (mine, other) = (sealed(ours), sealed(theirs))
    precondition(mine == other, "the engines sealed differently")
    return mine
  }

  func open(_ packet: [UInt8], isControl: Bool) {
    func opened(_ session: SRTPSession) -> (SRTPSession.Outcome, [UInt8]) {
      var buffer = packet
      let outcome = buffer.withUnsafeMutableBytes {
        isControl
          ? session.unprotectRTCP($0, length: packet.count)
          : session.unprotectRTP($0, length: packet.count)
      }
      guard case .packet(let length) = outcome else { return (outcome, []) }
      return (outcome, Array(buffer.prefix(length)))
    }
    let (mine, other) = (opened(ours), opened(theirs))
    precondition(mine.0 == other.0, "the engines judged differently: \(mine.0), \(other.0)")
    precondition(mine.1 == other.1, "the engines opened differently")
  }
}
