/// Transport-wide congestion control feedback
/// (draft-holmer-rmcat-transport-wide-cc-extensions-01 section 3.1): iterates the status of each
/// packet. A view on the packet; chunks and deltas were checked against each other.
public struct TransportFeedback: Sequence {
  static let format: UInt8 = 15
  /// Octets before the first chunk.
  static let headerLength = 20
  /// One tick of a delta, microseconds.
  public static let deltaUnit: Int64 = 250
  /// Ticks in one unit of the reference time (64 ms).
  public static let ticksPerReference: Int64 = 256

  public let sender: SSRC
  public let media: SSRC
  public let baseSequence: UInt16
  public let statusCount: UInt16
  /// Signed 24 bits, units of 64 ms of the receiver's clock.
  public let referenceTime: Int32
  public let feedbackCount: UInt8
  let chunks: UnsafeRawBufferPointer
  let deltas: UnsafeRawBufferPointer

  /// What the receiver says of one packet.
  public struct Status: Hashable, Sendable {
    public var sequenceNumber: UInt16
    /// When it arrived, in ticks of 250 us after the reference time of this feedback; `nil` = not
    /// received.
    public var arrival: Int64?

    @inlinable
    public init(sequenceNumber: UInt16, arrival: Int64?) {
      self.sequenceNumber = sequenceNumber
      self.arrival = arrival
    }
  }

  init?(_ packet: UnsafeRawBufferPointer) {
    guard packet.count >= Self.headerLength + 2 else { return nil }
    sender = SSRC(packet.networkUInt32(at: 4))
    media = SSRC(packet.networkUInt32(at: 8))
    baseSequence = packet.networkUInt16(at: 12)
    statusCount = packet.networkUInt16(at: 14)
    referenceTime = Int32(bitPattern: packet.networkUInt24(at: 16) << 8) >> 8
    feedbackCount = packet[19]
    guard statusCount > 0 else { return nil }
    var cursor = Self.headerLength
    var left = Int(statusCount)
    var deltaLength = 0
    while left > 0 {
      guard cursor &+ 2 <= packet.count else { return nil }
      let chunk = TransportFeedbackChunk(rawValue: packet.networkUInt16(at: cursor))
      cursor &+= 2
      let n = Swift.min(left, chunk.count)
      // An empty run would let a packet say nothing for ever.
      guard n > 0 else { return nil }
      deltaLength &+= chunk.deltaLength(first: n)
      left &-= n
    }
    guard deltaLength <= packet.count &- cursor else { return nil }
    chunks = packet.slice(Self.headerLength..<cursor)
    deltas = packet.slice(cursor..<(cursor &+ deltaLength))
  }

  public func makeIterator() -> Iterator { Iterator(self) }

  public struct Iterator: IteratorProtocol {
    let chunks: UnsafeRawBufferPointer
    let deltas: UnsafeRawBufferPointer
    var chunkCursor = 0
    var deltaCursor = 0
    var chunk = TransportFeedbackChunk(rawValue: 0)
    var indexInChunk = 0
    var left: Int
    var sequenceNumber: UInt16
    var ticks: Int64 = 0

    init(_ feedback: TransportFeedback) {
      chunks = feedback.chunks
      deltas = feedback.deltas
      left = Int(feedback.statusCount)
      sequenceNumber = feedback.baseSequence
    }

    public mutating func next() -> Status? {
      guard left > 0 else { return nil }
      left &-= 1
      if indexInChunk >= chunk.count {
        chunk = TransportFeedbackChunk(rawValue: chunks.networkUInt16(at: chunkCursor))
        chunkCursor &+= 2
        indexInChunk = 0
      }
      let symbol = chunk.symbol(at: indexInChunk)
      indexInChunk &+= 1
      var status = Status(sequenceNumber: sequenceNumber, arrival: nil)
      sequenceNumber &+= 1
      switch symbol {
      case TransportFeedbackChunk.small:
        ticks &+= Int64(deltas[deltaCursor])
        deltaCursor &+= 1
        status.arrival = ticks
      case TransportFeedbackChunk.large:
        ticks &+= Int64(Int16(bitPattern: deltas.networkUInt16(at: deltaCursor)))
        deltaCursor &+= 2
        status.arrival = ticks
      default:
        break
      }
      return status
    }
  }
}
