import Synchronization
import Testing

@testable import MediaEngine

struct WorkerMailboxTests {
  static func id(_ command: WorkerCommand) -> UInt64? {
    if case .removePeer(let id) = command { id.rawValue } else { nil }
  }

  @Test("It is bounded and says so")
  func bounded() {
    let mailbox = WorkerMailbox(capacity: 2)
    #expect(mailbox.post(.collectStatistics))
    #expect(mailbox.post(.collectStatistics))
    #expect(!mailbox.post(.collectStatistics))
    #expect(mailbox.refused == 1)
    var commands: [WorkerCommand] = []
    mailbox.drain(into: &commands)
    #expect(commands.count == 2)
    #expect(mailbox.post(.collectStatistics))
  }

  @Test("The worker is woken once until it drains, and for what was posted before it listened")
  func wakes() {
    let mailbox = WorkerMailbox(capacity: 16)
    let wakes = Counter()
    mailbox.post(.collectStatistics)
    mailbox.setWake { wakes.increase() }
    #expect(wakes.value == 1)
    for _ in 0..<5 { mailbox.post(.collectStatistics) }
    #expect(wakes.value == 1)
    var commands: [WorkerCommand] = []
    mailbox.drain(into: &commands)
    #expect(commands.count == 6)
    mailbox.post(.collectStatistics)
    #expect(wakes.value == 2)
  }

  @Test("What many threads post arrives whole, each thread's commands in order")
  func concurrent() async {
    let mailbox = WorkerMailbox(capacity: 100_000)
    let perTask: UInt64 = 2000
    var received: [UInt64] = []
    await withTaskGroup(of: Void.self) { group in
      for task in 0..<4 {
        group.addTask {
          for i in 0..<perTask {
            mailbox.post(.removePeer(PeerID(rawValue: UInt64(task) * 1_000_000 + i)))
          }
        }
      }
      var commands: [WorkerCommand] = []
      while received.count < 4 * Int(perTask) {
        mailbox.drain(into: &commands)
        received += commands.compactMap { Self.id($0) }
        commands.removeAll(keepingCapacity: true)
        await Task.yield()
      }
    }
    for task in 0..<4 {
      let own = received.filter { $0 / 1_000_000 == UInt64(task) }
      #expect(own == (0..<perTask).map { UInt64(task) * 1_000_000 + $0 })
    }
  }

  @Test("A handle carries commands in and events out")
  func handle() async {
    let mailbox = WorkerMailbox(capacity: 1)
    let handle = WorkerHandle(index: 3, port: 5003, mailbox: mailbox)
    #expect(handle.send(.collectStatistics))
    #expect(!handle.send(.collectStatistics))
    handle.publish([])
    handle.publish([.peerDisconnected(PeerID(rawValue: 1))])
    handle.publish([.peerRecovered(PeerID(rawValue: 1)), .peerDisconnected(PeerID(rawValue: 2))])
    handle.finish()
    var counts: [Int] = []
    for await batch in handle.events { counts.append(batch.count) }
    #expect(counts == [1, 2])
  }

  final class Counter: Sendable {
    private let count = Mutex(0)
    var value: Int { count.withLock { $0 } }
    func increase() { count.withLock { $0 += 1 } }
  }
}
