extension ConsentText {
  /// Our own words, for whoever brings none. A change of a letter is a new version of that purpose: what was agreed to
  /// before stays with its consultation, in its version and its words.
  public static func standard(_ purpose: ConsentPurpose) -> ConsentText {
    let (version, english, french) = words(purpose)
    let wordings = [("en", english), ("fr", french)].compactMap {
      Wording(language: $0.0, text: $0.1)
    }
    return ConsentText(trusted: purpose, version, wordings)
  }

  private static func words(
    _ purpose: ConsentPurpose
  ) -> (version: String, english: String, french: String) {
    switch purpose {
    case .act:
      (
        "standard-2",
        "I agree to this consultation at a distance, by picture and sound. My physician has told me, or "
          + "can tell me, what can and what cannot be done this way. Picture and sound pass through the "
          + "server and are recorded only if I agree to that separately. I may withdraw my consent at any "
          + "moment: picture and sound then stop at once.",
        "J’accepte cette consultation à distance, par l’image et le son. Mon médecin m’a expliqué, ou "
          + "peut m’expliquer, ce qu’elle permet et ce qu’elle ne permet pas. L’image et le son passent par "
          + "le serveur et ne sont enregistrés que si je l’accepte séparément. Je peux retirer mon accord à "
          + "tout moment : l’image et le son s’arrêtent alors aussitôt."
      )
    case .thirdParticipant:
      (
        "standard-1",
        "I agree that this person takes part in my consultation, sees and hears me and what is said "
          + "about my health. I may withdraw my consent at any moment: this person then no longer sees or "
          + "hears me, nor I them.",
        "J’accepte que cette personne participe à ma consultation, me voie et m’entende, ainsi que ce qui "
          + "est dit de ma santé. Je peux retirer mon accord à tout moment : cette personne ne me voit et ne "
          + "m’entend alors plus, ni moi elle."
      )
    case .imageCapture:
      (
        "standard-1",
        "I agree that my physician takes still pictures of what I show, to examine them and to keep them "
          + "in my medical record. I may withdraw my consent at any moment: no further picture is then taken.",
        "J’accepte que mon médecin prenne des photographies de ce que je montre, pour les examiner et les "
          + "conserver dans mon dossier médical. Je peux retirer mon accord à tout moment : aucune autre "
          + "photographie n’est alors prise."
      )
    case .bridge:
      (
        "standard-1",
        "I agree that the sound of this consultation goes to somebody who takes part by telephone, or to a "
          + "program that the list of participants names, and that theirs comes to me. On a telephone line "
          + "it may not be encrypted. I may withdraw my consent at any moment: that connection then ends.",
        "J’accepte que le son de cette consultation soit transmis à une personne qui participe par téléphone, ou "
          + "à un programme nommé dans la liste des participants, et que le leur me parvienne. Sur une ligne "
          + "téléphonique il peut ne pas être chiffré. Je peux retirer mon accord à tout moment : cette liaison "
          + "s’arrête alors."
      )
    case .recording:
      (
        "standard-1",
        "I agree that the picture and sound of this consultation are recorded. I may withdraw my consent "
          + "at any moment: the recording then ends.",
        "J’accepte que l’image et le son de cette consultation soient enregistrés. Je peux retirer mon "
          + "accord à tout moment : l’enregistrement s’arrête alors."
      )
    }
  }
}
