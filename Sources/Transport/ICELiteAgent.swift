internal import Wire

/// The state of ICE at an agent that is lite and always controlled (RFC 8445): it answers checks and
/// remembers where they came from, and asks only whether somebody who moved is where media comes from
/// now (`PathChallenge`). What it decides on a message is in `ICECheck.swift`.
struct ICELiteAgent: ~Copyable {
  /// Which credentials a check was made with.
  enum Generation: Equatable {
    case current
    /// Those from before an ICE restart.
    case previous
  }

  struct ValidPath: Equatable {
    var path: NetworkPath
    var lastCheck: MediaInstant
  }

  /// Remote candidates times local addresses that a browser really uses; the rest is forgotten.
  static let pathLimit = 8
  /// A path without checks for so long is forgotten; Chromium checks its spare paths every 25 s.
  static let pathLifetime = MediaDuration.seconds(60)

  /// After a restart, the former credentials are good until the new ones have been used to nominate, or
  /// for so long after the first check with them.
  static let overlap = MediaDuration.seconds(5)

  private(set) var local: ICECredentials
  private(set) var remote: ICECredentials
  /// The credentials that media still flows with, after a restart and before the new ones carry it.
  private(set) var previousLocal: ICECredentials?
  private var previousRemote: ICECredentials?
  /// The first check with the present credentials, while there are previous ones.
  private var overlapSince: MediaInstant?

  private(set) var paths: [ValidPath] = []
  /// Where we send.
  private(set) var selected: NetworkPath?
  /// The last authenticated check, on any path.
  private(set) var lastCheck: MediaInstant?
  /// What we ask of an address that media came from and no check.
  var challenge: PathChallenge?

  private var localKey: STUNKey
  private let pathSilence: MediaDuration

  init(local: ICECredentials, remote: ICECredentials, pathSilence: MediaDuration) {
    self.local = local
    localKey = STUNKey(password: local.password)
    self.remote = remote
    self.pathSilence = pathSilence
  }

  /// A path that is taken for good without a check.
  init(
    preset path: NetworkPath, local: ICECredentials, remote: ICECredentials,
    pathSilence: MediaDuration, now: MediaInstant
  ) {
    self.init(local: local, remote: remote, pathSilence: pathSilence)
    paths = [ValidPath(path: path, lastCheck: now)]
    selected = path
  }

  /// The key that a check with this USERNAME must be made with: what stands before the colon is
  /// our fragment (RFC 8445 section 7.2.2). `nil` when it is not one of ours.
  func key(for username: UnsafeRawBufferPointer) -> (generation: Generation, key: STUNKey)? {
    guard let colon = username.firstIndex(of: UInt8(ascii: ":")) else { return nil }
    let fragment = username[..<colon]
    if fragment.elementsEqual(local.usernameFragment.utf8) { return (.current, localKey) }
    if let previousLocal, fragment.elementsEqual(previousLocal.usernameFragment.utf8) {
      return (.previous, STUNKey(password: previousLocal.password))
    }
    return nil
  }

  func isValid(_ path: NetworkPath) -> Bool {
    paths.contains { $0.path == path }
  }

  /// Notes an authenticated check.
  ///
  /// The latest USE-CANDIDATE wins: a browser that controls a lite agent repeats it on the path that
  /// it uses. An agent that nominates once (RFC 8445 section 8.1.1) and then moves, or whose NAT
  /// moved it, is followed when the old path has been silent for `pathSilence`.
  mutating func noteCheck(
    on path: NetworkPath, useCandidate: Bool, generation: Generation, now: MediaInstant,
    changes: (PeerTransportEvent) -> Void
  ) {
    if generation == .current, previousLocal != nil {
      let since = overlapSince ?? now
      overlapSince = since
      if useCandidate || now - since >= Self.overlap { retirePrevious(changes: changes) }
    }
    noteConsent(on: path, now: now, changes: changes)
    if useCandidate || selectedIsSilent(now: now) { selected = path }
  }

  /// Notes that the peer is where it says and wants our datagrams (RFC 7675 section 5.1).
  mutating func noteConsent(
    on path: NetworkPath, now: MediaInstant, changes: (PeerTransportEvent) -> Void
  ) {
    lastCheck = now
    if let index = paths.firstIndex(where: { $0.path == path }) {
      paths[index].lastCheck = now
    } else {
      add(path, now: now, changes: changes)
    }
  }

  /// Sends by a path that is known to be the peer's from now on.
  mutating func select(_ path: NetworkPath) { selected = path }

  /// Whether the peer was on this path a short while ago: media may go there.
  func hasConsent(on path: NetworkPath, now: MediaInstant) -> Bool {
    paths.contains {
      $0.path == path && now - $0.lastCheck < PeerTransportTimeouts.consentExpiry
    }
  }

  /// The credentials that a check of ours is made with: those that the peer sends with.
  var checking: (local: ICECredentials, remote: ICECredentials) {
    guard let previousLocal, let previousRemote else { return (local, remote) }
    return (previousLocal, previousRemote)
  }

  private mutating func retirePrevious(changes: (PeerTransportEvent) -> Void) {
    guard let old = previousLocal else { return }
    previousLocal = nil
    previousRemote = nil
    overlapSince = nil
    challenge = nil
    changes(.credentialsRetired(usernameFragment: old.usernameFragment))
  }

  /// Forgets paths that nobody checks any more.
  mutating func forgetSilentPaths(now: MediaInstant, changes: (PeerTransportEvent) -> Void) {
    while let index = paths.firstIndex(where: {
      $0.path != selected && now - $0.lastCheck >= Self.pathLifetime
    }) {
      remove(at: index, changes: changes)
    }
  }

  /// When `forgetSilentPaths` has something to do.
  var nextPathDeadline: MediaInstant? {
    var next: MediaInstant?
    for valid in paths where valid.path != selected {
      let end = valid.lastCheck + Self.pathLifetime
      if next.map({ end < $0 }) ?? true { next = end }
    }
    return next
  }

  /// RFC 8445 section 9. The credentials that checks now come with stay good until the new ones carry
  /// the media; a restart that a second one overtakes is forgotten.
  mutating func restart(
    local: ICECredentials, remote: ICECredentials, changes: (PeerTransportEvent) -> Void
  ) {
    guard local != self.local else {
      self.remote = remote
      return
    }
    if previousLocal == nil {
      previousLocal = self.local
      previousRemote = self.remote
    } else {
      changes(.credentialsRetired(usernameFragment: self.local.usernameFragment))
    }
    self.local = local
    self.remote = remote
    overlapSince = nil
    localKey = STUNKey(password: local.password)
  }

  mutating func forgetAll(changes: (PeerTransportEvent) -> Void) {
    selected = nil
    challenge = nil
    while !paths.isEmpty { remove(at: paths.count - 1, changes: changes) }
  }

  private func selectedIsSilent(now: MediaInstant) -> Bool {
    guard let selected, let valid = paths.first(where: { $0.path == selected }) else { return true }
    return now - valid.lastCheck >= pathSilence
  }

  private mutating func add(
    _ path: NetworkPath, now: MediaInstant, changes: (PeerTransportEvent) -> Void
  ) {
    if paths.count >= Self.pathLimit, let oldest = indexOfOldest() {
      remove(at: oldest, changes: changes)
    }
    let isNew = !paths.contains { $0.path.remote == path.remote }
    paths.append(ValidPath(path: path, lastCheck: now))
    if isNew { changes(.addressAdded(path.remote)) }
  }

  private func indexOfOldest() -> Int? {
    paths.indices.filter { paths[$0].path != selected }
      .min { paths[$0].lastCheck < paths[$1].lastCheck }
  }

  private mutating func remove(at index: Int, changes: (PeerTransportEvent) -> Void) {
    let gone = paths.remove(at: index).path.remote
    if !paths.contains(where: { $0.path.remote == gone }) { changes(.addressRemoved(gone)) }
  }
}
