/// A short burst at a rate above the estimate, to see whether the path carries it.
public struct ProbeCluster: Hashable, Sendable {
  /// Marks the packets of a cluster. 0 = of none; ids come round after 255 clusters.
  public struct ID: RawRepresentable, Hashable, Sendable {
    public var rawValue: UInt8
    @inlinable public init(rawValue: UInt8) { self.rawValue = rawValue }
    public static let none = ID(rawValue: 0)

    var next: ID { ID(rawValue: rawValue == 255 ? 1 : rawValue + 1) }
  }

  public var id: ID
  /// bits/s
  public var rate: Int
  /// The cluster is sent when both are reached.
  public var minimumPackets: Int
  public var minimumOctets: Int

  public init(id: ID, rate: Int, minimumPackets: Int, minimumOctets: Int) {
    self.id = id
    self.rate = rate
    self.minimumPackets = minimumPackets
    self.minimumOctets = minimumOctets
  }
}
