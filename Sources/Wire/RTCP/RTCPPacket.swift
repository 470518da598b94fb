/// One packet of an RTCP datagram. Lists inside are views on the datagram.
public enum RTCPPacket {
  case senderReport(SenderReport, ReportBlocks)
  case receiverReport(sender: SSRC, ReportBlocks)
  case sourceDescription(SourceDescription)
  case goodbye(Goodbye)
  case nack(GenericNACK)
  case pictureLossIndication(PictureLossIndication)
  case fullIntraRequest(FullIntraRequest)
  case remb(ReceiverEstimatedMaximumBitrate)
  case transportFeedback(TransportFeedback)
  case extendedReport(ExtendedReport)
  /// Well-formed, but of a type or format that we do not read.
  case unknown(packetType: UInt8, format: UInt8)
  case malformed

  /// - Parameter packet: one packet with its header, padding removed; the header was checked.
  init(_ packet: UnsafeRawBufferPointer) {
    let format = packet[0] & 0x1F
    let parsed: RTCPPacket? =
      switch packet[1] {
      case RTCPHeader.senderReport:
        SenderReport(packet).flatMap { report in
          ReportBlocks(packet, from: SenderReport.length).map { .senderReport(report, $0) }
        }
      case RTCPHeader.receiverReport:
        packet.count < 8
          ? nil
          : ReportBlocks(packet, from: 8).map {
            .receiverReport(sender: SSRC(packet.networkUInt32(at: 4)), $0)
          }
      case RTCPHeader.sourceDescription:
        SourceDescription(packet).map { .sourceDescription($0) }
      case RTCPHeader.goodbye:
        Goodbye(packet).map { .goodbye($0) }
      case RTCPHeader.transportLayerFeedback:
        switch format {
        case GenericNACK.format: GenericNACK(packet).map { .nack($0) }
        case TransportFeedback.format: TransportFeedback(packet).map { .transportFeedback($0) }
        default: .unknown(packetType: packet[1], format: format)
        }
      case RTCPHeader.payloadSpecificFeedback:
        switch format {
        case PictureLossIndication.format:
          PictureLossIndication(packet).map { .pictureLossIndication($0) }
        case FullIntraRequest.format: FullIntraRequest(packet).map { .fullIntraRequest($0) }
        case ReceiverEstimatedMaximumBitrate.format:
          // Format 15 is for anyone (RFC 4585 section 6.4); the name inside says whose it is.
          ReceiverEstimatedMaximumBitrate.isNamed(packet)
            ? ReceiverEstimatedMaximumBitrate(packet).map { .remb($0) }
            : .unknown(packetType: packet[1], format: format)
        default: .unknown(packetType: packet[1], format: format)
        }
      case RTCPHeader.extendedReport:
        ExtendedReport(packet).map { .extendedReport($0) }
      default:
        .unknown(packetType: packet[1], format: format)
      }
    self = parsed ?? .malformed
  }
}
