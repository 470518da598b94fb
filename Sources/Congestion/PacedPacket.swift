public import Wire

/// A packet that waits for its turn. Whoever holds it owns its slot.
public struct PacedPacket: Hashable, Sendable {
  public var slot: PacketSlot
  public var length: UInt16
  /// Whose it is, by a small number that the owner gives out (a subscription to one viewer).
  public var flow: UInt16
  public var kind: SentPacketKind
  /// Whatever the owner needs to know when it leaves; the pacer does not look at it.
  public var context: UInt64

  @inlinable
  public init(
    slot: PacketSlot, length: UInt16, flow: UInt16, kind: SentPacketKind, context: UInt64 = 0
  ) {
    self.slot = slot
    self.length = length
    self.flow = flow
    self.kind = kind
    self.context = context
  }
}

/// What becomes of a packet that is given to the pacer.
public enum PacerAdmission: Hashable, Sendable {
  /// To be sent at once by the caller, as part of the named probe.
  case sendNow(probe: ProbeCluster.ID)
  /// The pacer owns the slot.
  case queued
  /// The caller keeps the slot, and releases it.
  case refused(PacerRefusal)
}

public enum PacerRefusal: UInt8, Hashable, Sendable, CaseIterable {
  /// As many packets wait as may, in all or of this flow.
  case queueFull, flowFull
  /// Waited too long to be of use.
  case tooOld
}

/// What the pacer gives back; the caller owns the slot again.
public enum PacerStep: Hashable, Sendable {
  case send(PacedPacket, probe: ProbeCluster.ID)
  case drop(PacedPacket, PacerRefusal)
}
