import Testing
import Wire

@testable import MediaEngine

struct PeerTableTests {
  static func address(_ n: Int) -> TransportAddress {
    TransportAddress(
      ip: IPAddress(v4: 0x0A00_0000 | UInt32(n / 100)), port: UInt16(1000 + n % 100))
  }

  static func find(_ table: borrowing PeerTable, _ fragment: String) -> Int32? {
    Array(fragment.utf8).withUnsafeBytes { table.peer(named: $0) }
  }

  @Test("An address belongs to whoever bound it last, and only its owner unbinds it")
  func addresses() {
    var table = PeerTable(peers: 4, seed: 1)
    #expect(bound(&table, 1, to: 0))
    #expect(bound(&table, 1, to: 2))
    table.unbind(Self.address(1), from: 0)
    let still = table.peer(at: Self.address(1))
    table.unbind(Self.address(1), from: 2)
    let gone = table.peer(at: Self.address(1))
    #expect(still == 2)
    #expect(gone == nil)
  }

  @Test("The UDP and the TCP port of one number are two addresses")
  func transports() {
    var table = PeerTable(peers: 4, seed: 1)
    var stream = Self.address(1)
    stream.transport = .tcp
    #expect(bound(&table, 1, to: 0))
    let none = table.peer(at: stream)
    #expect(none == nil)
    let isBound = table.bind(stream, to: 1)
    #expect(isBound)
    let (datagrams, connection) = (table.peer(at: Self.address(1)), table.peer(at: stream))
    #expect(datagrams == 0)
    #expect(connection == 1)
  }

  private func bound(_ table: inout PeerTable, _ n: Int, to peer: Int32) -> Bool {
    table.bind(Self.address(n), to: peer)
  }

  @Test("The table is bounded")
  func bounds() {
    var table = PeerTable(peers: 2, seed: 1)
    for i in 0..<(2 * PeerTable.addressesPerPeer) { #expect(bound(&table, i, to: 0)) }
    #expect(!bound(&table, 99, to: 1))
    table.unbind(Self.address(3), from: 0)
    #expect(bound(&table, 99, to: 1))
  }

  @Test("A fragment names one peer; a former one goes away by itself or with the peer")
  func fragments() {
    var table = PeerTable(peers: 3, seed: 1)
    let first = table.name(0, "abcd")
    let again = table.name(0, "abcd")
    let taken = table.name(1, "abcd")
    let second = table.name(0, "efgh")
    #expect(first && again && second)
    #expect(!taken)
    #expect(Self.find(table, "abcd") == 0)
    #expect(Self.find(table, "abc") == nil)
    #expect(Self.find(table, "") == nil)
    table.unname(0, "abcd")
    #expect(Self.find(table, "abcd") == nil)
    #expect(Self.find(table, "efgh") == 0)
    table.removeAll(of: 0)
    #expect(Self.find(table, "efgh") == nil)
    let count = table.fragmentCount
    #expect(count == 0)
  }

  @Test("Random binding and unbinding agree with a plain dictionary", arguments: [1, 2, 3])
  func random(seed: UInt64) {
    var random = SeededRandom(seed: seed)
    var table = PeerTable(peers: 64, seed: seed)
    var plain: [TransportAddress: Int32] = [:]
    for _ in 0..<20_000 {
      let address = Self.address(Int.random(in: 0..<400, using: &random))
      let peer = Int32.random(in: 0..<64, using: &random)
      if Bool.random(using: &random) {
        if table.bind(address, to: peer) { plain[address] = peer }
      } else {
        table.unbind(address, from: peer)
        if plain[address] == peer { plain[address] = nil }
      }
      let found = table.peer(at: address)
      #expect(found == plain[address])
    }
    for (address, peer) in plain {
      let found = table.peer(at: address)
      #expect(found == peer)
    }
    let count = table.addressCount
    #expect(count == plain.count)
  }

  @Test("Values under equal hashes are told apart, and removal leaves no hole", arguments: [4, 5])
  func collisions(seed: UInt64) {
    var random = SeededRandom(seed: seed)
    var index = HashIndex(capacity: 40)
    var plain: Set<Int32> = []
    for _ in 0..<5000 {
      let value = Int32.random(in: 0..<60, using: &random)
      // A handful of hashes, all near the end of the table.
      let hash = UInt64(0xFFFF_FFFD + UInt64(value % 5))
      if plain.contains(value) {
        index.remove(hash, value)
        plain.remove(value)
      } else if index.insert(hash, value) {
        plain.insert(value)
      }
      let count = index.count
      #expect(count == plain.count)
      for other in plain {
        let found = index.first(UInt64(0xFFFF_FFFD + UInt64(other % 5))) { $0 == other }
        #expect(found == other)
      }
    }
  }
}
