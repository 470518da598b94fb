/// What troubles are told in.
public enum FaultLanguage: String, Hashable, Sendable, CaseIterable {
  case english = "en"
  case french = "fr"
}

extension FaultLocator {
  /// As `patient's uplink: 8 % loss`, or `patient, voie montante : 8 % de pertes`.
  ///
  /// - Parameter participant: whose incident it is, as a role in that language.
  public static func words(
    _ incident: Incident, of participant: String, in language: FaultLanguage = .english
  ) -> String {
    let evidence = incident.evidence(in: language)
    return switch language {
    case .english: "\(place(incident, participant)): \(evidence)"
    // A colon stands after a space that does not break.
    case .french: "\(placeInFrench(incident, participant))\u{a0}: \(evidence)"
    }
  }

  private static func place(_ incident: Incident, _ participant: String) -> String {
    switch incident.side {
    case .senderDevice, .receiverDevice: "\(participant)'s device"
    case .senderUplink: "\(participant)'s uplink"
    case .receiverDownlink:
      incident.cause == .delay ? "\(participant)'s connection" : "\(participant)'s downlink"
    case .node: "our server"
    }
  }

  private static func placeInFrench(_ incident: Incident, _ participant: String) -> String {
    switch incident.side {
    case .senderDevice, .receiverDevice: "\(participant), appareil"
    case .senderUplink: "\(participant), voie montante"
    case .receiverDownlink:
      incident.cause == .delay ? "\(participant), connexion" : "\(participant), voie descendante"
    case .node: "notre serveur"
    }
  }
}

extension Incident {
  /// The evidence in words, as `8 % loss`.
  public func evidence(in language: FaultLanguage) -> String {
    switch language {
    case .english: evidence
    case .french: evidenceInFrench
    }
  }

  private var whole: Int { Int(bounded(worst, 0...1e6).rounded()) }

  /// As `8.2 %`, from ten on without a fraction.
  private func percent(point: String, space: String) -> String {
    let value = bounded(worst, 0...1) * 100
    guard value < 9.95 else { return "\(Int(value.rounded()))\(space)%" }
    let tenths = Int((value * 10).rounded())
    let fraction = tenths % 10 == 0 ? "" : "\(point)\(tenths % 10)"
    return "\(tenths / 10)\(fraction)\(space)%"
  }

  private var evidence: String {
    func share() -> String { percent(point: ".", space: " ") }
    return switch cause {
    case .loss: "\(share()) loss"
    case .jitter: "\(whole) ms jitter"
    case .delay: "\(whole) ms round trip"
    case .congestion: whole > 0 ? "congested, \(whole) ms in queues" : "congested"
    case .freeze: "picture frozen \(share()) of the time"
    case .lowFrameRate: "only \(whole) pictures a second"
    case .silence: "inaudible, the microphone sends silence"
    case .saturation: "microphone saturated"
    case .oneWayAudio: "no sound"
    case .playout: "\(share()) of the sound made up"
    case .drop:
      side == .senderDevice || side == .receiverDevice ? "stands still" : "nothing arrives"
    case .reconnect: "reconnected"
    case .relayChange: "network path changed"
    case .audioOnly: "sound only, the path is too narrow for pictures"
    case .clockStep: "clock of the server stepped"
    case .overload: "overloaded"
    }
  }

  private var evidenceInFrench: String {
    func share() -> String { percent(point: ",", space: "\u{a0}") }
    let count = "\(whole)\u{a0}"
    return switch cause {
    case .loss: "\(share()) de pertes"
    case .jitter: "\(count)ms de gigue"
    case .delay: "\(count)ms d’aller-retour"
    case .congestion: whole > 0 ? "engorgée, \(count)ms de file d’attente" : "engorgée"
    case .freeze: "image figée \(share()) du temps"
    case .lowFrameRate: "seulement \(count)images par seconde"
    case .silence: "inaudible, le micro envoie du silence"
    case .saturation: "micro saturé"
    case .oneWayAudio: "pas de son"
    case .playout: "\(share()) du son reconstitué"
    case .drop:
      side == .senderDevice || side == .receiverDevice ? "ne réagit plus" : "rien n’arrive"
    case .reconnect: "reconnexion"
    case .relayChange: "le chemin réseau a changé"
    case .audioOnly: "son seul, la voie est trop étroite pour l’image"
    case .clockStep: "l’horloge du serveur a sauté"
    case .overload: "surchargé"
    }
  }
}
