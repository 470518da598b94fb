internal import Wire

/// Finds the peer of a datagram: by where it came from, or by the username fragment of a check.
///
/// Only authenticated addresses and fragments of our own making are in it. Bounded; no allocation
/// for a lookup.
struct PeerTable: ~Copyable {
  private struct Address {
    var address: TransportAddress
    var peer: Int32
  }

  /// Remote addresses of one peer that count: a transport knows no more paths.
  static let addressesPerPeer = 8
  /// Current and former fragments of a peer, while it restarts ICE.
  static let fragmentsPerPeer = 3

  private let seed: UInt64
  private var addressIndex: HashIndex
  private let addresses: UnsafeMutablePointer<Address>
  private var freeAddresses: [Int32]
  private var fragmentIndex: HashIndex
  private var fragments: [(octets: [UInt8], peer: Int32)]
  private var freeFragments: [Int32]

  init(peers: Int, seed: UInt64) {
    self.seed = seed | 1
    let addressCount = peers * Self.addressesPerPeer
    let fragmentCount = peers * Self.fragmentsPerPeer
    addressIndex = HashIndex(capacity: addressCount)
    addresses = .allocate(capacity: addressCount)
    freeAddresses = (0..<Int32(addressCount)).reversed()
    fragmentIndex = HashIndex(capacity: fragmentCount)
    fragments = Array(repeating: ([], -1), count: fragmentCount)
    freeFragments = (0..<Int32(fragmentCount)).reversed()
  }

  deinit { addresses.deallocate() }

  var addressCount: Int { addressIndex.count }
  var fragmentCount: Int { fragmentIndex.count }

  // MARK: By address

  func peer(at address: TransportAddress) -> Int32? {
    let table = addresses
    return addressIndex.first(hash(address)) { table[Int($0)].address == address }
      .map { table[Int($0)].peer }
  }

  /// The address is this peer's from now on, whoever had it before.
  /// - Returns: `false` when the table is full.
  mutating func bind(_ address: TransportAddress, to peer: Int32) -> Bool {
    let table = addresses
    let hash = hash(address)
    if let place = addressIndex.first(hash, where: { table[Int($0)].address == address }) {
      table[Int(place)].peer = peer
      return true
    }
    guard let place = freeAddresses.popLast() else { return false }
    (table + Int(place)).initialize(to: Address(address: address, peer: peer))
    return addressIndex.insert(hash, place)
  }

  /// Forgets the address when it is this peer's.
  mutating func unbind(_ address: TransportAddress, from peer: Int32) {
    let table = addresses
    let hash = hash(address)
    guard
      let place = addressIndex.first(hash, where: { table[Int($0)].address == address }),
      table[Int(place)].peer == peer
    else { return }
    addressIndex.remove(hash, place)
    freeAddresses.append(place)
  }

  // MARK: By username fragment

  /// - Parameter fragment: the octets before the colon of a USERNAME.
  func peer(named fragment: UnsafeRawBufferPointer) -> Int32? {
    fragmentIndex.first(hash(fragment)) { fragments[Int($0)].octets.elementsEqual(fragment) }
      .map { fragments[Int($0)].peer }
  }

  /// - Returns: `false` when another peer has this fragment or the table is full.
  mutating func name(_ peer: Int32, _ fragment: String) -> Bool {
    let octets = Array(fragment.utf8)
    let hash = octets.withUnsafeBytes { self.hash($0) }
    if let holder = octets.withUnsafeBytes({ self.peer(named: $0) }) { return holder == peer }
    guard let place = freeFragments.popLast() else { return false }
    fragments[Int(place)] = (octets, peer)
    return fragmentIndex.insert(hash, place)
  }

  mutating func unname(_ peer: Int32, _ fragment: String) {
    let octets = Array(fragment.utf8)
    let hash = octets.withUnsafeBytes { self.hash($0) }
    guard
      let place = fragmentIndex.first(
        hash,
        where: {
          fragments[Int($0)].peer == peer && fragments[Int($0)].octets == octets
        })
    else { return }
    fragmentIndex.remove(hash, place)
    fragments[Int(place)] = ([], -1)
    freeFragments.append(place)
  }

  /// Forgets all of a peer.
  mutating func removeAll(of peer: Int32) {
    for (octets, holder) in fragments where holder == peer {
      unname(peer, String(decoding: octets, as: UTF8.self))
    }
  }

  // MARK: Hashing

  private func hash(_ address: TransportAddress) -> UInt64 {
    Self.mix(
      address.ip.high &* 0x9E37_79B9_7F4A_7C15
        ^ Self.mix(address.ip.low ^ UInt64(address.port) << 48 ^ seed)
        ^ (address.transport == .tcp ? 0x2545_F491_4F6C_DD1D : 0))
  }

  private func hash(_ octets: UnsafeRawBufferPointer) -> UInt64 {
    var value = seed ^ 0xCBF2_9CE4_8422_2325
    for octet in octets { value = (value ^ UInt64(octet)) &* 0x0100_0000_01B3 }
    return Self.mix(value)
  }

  private static func mix(_ value: UInt64) -> UInt64 {
    var z = value
    z = (z ^ (z >> 32)) &* 0xD6E8_FEB8_6659_FD93
    z = (z ^ (z >> 29)) &* 0xFF51_AFD7_ED55_8CCD
    return z ^ (z >> 32)
  }
}
