import Glibc
import MediaEngine
import Testing
import Wire

@testable import MediaIO
@testable import Transport

@Suite struct WorkerThreadTests {
  private static let context = Result { try DTLSContext(certificate: try .generate()) }
  private static let loopback = IPAddress(v4: 0x7F00_0001)

  private func configuration() -> WorkerConfiguration {
    var small = WorkerConfiguration()
    small.arenaSlots = 2048
    small.maximumPeers = 8
    return small
  }

  private func start(port: UInt16 = 0) throws -> (thread: WorkerThread, handle: WorkerHandle) {
    try WorkerThread.start(
      index: 0, port: port, configuration: configuration(), dtls: try Self.context.get())
  }

  private func openDescriptors() -> Int {
    guard let folder = opendir("/proc/self/fd") else { return 0 }
    defer { closedir(folder) }
    var count = 0
    while readdir(folder) != nil { count += 1 }
    return count
  }

  @Test("a worker starts and stops many times on the same port and leaks no descriptor")
  func startStop() throws {
    let first = try start()
    let port = first.handle.port
    first.thread.stop()
    // Other tests open files meanwhile: a leak of one a start would stand out all the same.
    let rounds = 100
    let before = openDescriptors()
    for _ in 0..<rounds {
      let (thread, handle) = try start(port: port)
      #expect(handle.port == port)
      thread.stop()
      thread.stop()
    }
    #expect(openDescriptors() - before < rounds)
  }

  @Test("the loop and all that it holds is freed when the thread has stopped")
  func freed() throws {
    weak var handle: WorkerHandle?
    do {
      let started = try start()
      handle = started.handle
      started.handle.send(.collectStatistics)
    }
    #expect(handle == nil, "dropping the thread stops it")
  }

  @Test("two workers cannot have one port; the error says which and what to set")
  func portInUse() throws {
    let (thread, handle) = try start()
    defer { thread.stop() }
    let error = #expect(throws: MediaIOError.self) { try start(port: handle.port) }
    #expect(error == .portInUse(handle.port))
  }

  @Test("a command wakes a sleeping worker, its answer comes back, and stopping ends the events")
  func commands() async throws {
    let (thread, handle) = try start()
    #expect(handle.send(.collectStatistics))
    var statistics = 0
    for await batch in handle.events {
      for event in batch {
        guard case .statistics(let numbers) = event else { continue }
        statistics += 1
        #expect(numbers.counters.datagramsReceived == 0)
      }
      if statistics == 1 {
        // What was posted before the stop is still answered.
        #expect(handle.send(.collectStatistics))
        thread.stop()
      }
    }
    #expect(statistics == 2)
  }

  @Test("a full mailbox refuses and the worker goes on")
  func fullMailbox() async throws {
    let (thread, handle) = try WorkerThread.start(
      index: 1, port: 0, configuration: configuration(), dtls: try Self.context.get(),
      mailboxCapacity: 4)
    defer { thread.stop() }
    var accepted = 0
    for _ in 0..<10_000 where handle.send(.collectStatistics) { accepted += 1 }
    #expect(accepted >= 4)
    var answered = 0
    for await batch in handle.events {
      for case .statistics in batch { answered += 1 }
      if answered == accepted { break }
    }
    #expect(answered == accepted)
  }

  @Test("garbage on the port is counted, and nothing comes back")
  func garbage() async throws {
    let (thread, handle) = try start()
    defer { thread.stop() }
    let arena = PacketArena(slotCount: 512)
    defer { arena.deallocate() }
    let client = try DatagramSocket(port: 0, sendCapacity: 256)
    defer { client.releaseSlots(arena: arena) }
    var random = SeededRandom(seed: 77)
    var batch = OutboundBatch(capacity: 256, arena: arena)
    for _ in 0..<200 {
      let slot = try #require(arena.allocate())
      let length = 1 + Int(random.next() % 1400)
      for i in 0..<length { arena.buffer(slot)[i] = UInt8(truncatingIfNeeded: random.next()) }
      batch.append(
        slot, length: length,
        path: NetworkPath(
          remote: TransportAddress(ip: Self.loopback, port: handle.port), local: .unspecified))
    }
    client.send(&batch)
    #expect(client.counters.sent == 200)
    handle.send(.collectStatistics)
    events: for await events in handle.events {
      for case .statistics(let numbers) in events {
        if numbers.counters.datagramsReceived == 200 { break events }
        // The command overtook the last of them.
        handle.send(.collectStatistics)
      }
    }
    #expect(client.receive(arena: arena) == 0)
  }
}
