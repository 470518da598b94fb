internal import GRDB

/// The steps from an empty file to the present tables. A step that was released is never changed:
/// the next change is a step of its own at the end.
enum RecordMigrations {
  static var all: DatabaseMigrator {
    var migrator = DatabaseMigrator()
    migrator.registerMigration("1 consultations", migrate: consultations)
    migrator.registerMigration("2 least delay") { db in
      try db.execute(
        sql: "ALTER TABLE consultation ADD COLUMN leastDelay INTEGER NOT NULL DEFAULT 0")
    }
    migrator.registerMigration("3 quality") { db in
      try db.execute(
        sql: """
          CREATE TABLE quality (
            consultation INTEGER NOT NULL REFERENCES consultation,
            beganAt INTEGER NOT NULL,
            keptAt INTEGER NOT NULL,
            content TEXT NOT NULL,
            PRIMARY KEY (consultation, beganAt)
          ) STRICT, WITHOUT ROWID;
          """)
    }
    migrator.registerMigration("4 waiting room") { db in
      try db.execute(
        sql: """
          ALTER TABLE consultation ADD COLUMN waitingRoom INTEGER NOT NULL DEFAULT 0;
          CREATE TABLE passage (
            number INTEGER PRIMARY KEY,
            presence INTEGER NOT NULL REFERENCES presence,
            event TEXT NOT NULL,
            at INTEGER NOT NULL,
            actor TEXT
          ) STRICT;
          CREATE INDEX passage_ofPresence ON passage (presence, number);
          """)
    }
    migrator.registerMigration("5 claims and bans") { db in
      try db.execute(
        sql: """
          ALTER TABLE presence ADD COLUMN assurance TEXT;
          ALTER TABLE presence ADD COLUMN professional TEXT;
          ALTER TABLE presence ADD COLUMN identityStatus TEXT;
          CREATE TABLE ban (
            consultation INTEGER NOT NULL REFERENCES consultation,
            bearer TEXT NOT NULL,
            at INTEGER NOT NULL,
            actor TEXT,
            PRIMARY KEY (consultation, bearer)
          ) STRICT, WITHOUT ROWID;
          """)
    }
    migrator.registerMigration("6 webhooks") { db in
      try db.execute(
        sql: """
          CREATE TABLE webhook (
            number INTEGER PRIMARY KEY AUTOINCREMENT,
            id TEXT NOT NULL UNIQUE,
            consultation INTEGER NOT NULL REFERENCES consultation,
            type TEXT NOT NULL,
            at INTEGER NOT NULL,
            content TEXT NOT NULL,
            attempts INTEGER NOT NULL DEFAULT 0,
            failingSince INTEGER,
            nextAt INTEGER NOT NULL,
            doneAt INTEGER,
            isGivenUp INTEGER NOT NULL DEFAULT 0
          ) STRICT;
          CREATE INDEX webhook_pending ON webhook (consultation, number) WHERE doneAt IS NULL;
          CREATE INDEX webhook_done ON webhook (doneAt) WHERE doneAt IS NOT NULL;
          ALTER TABLE presence ADD COLUMN told INTEGER NOT NULL DEFAULT 0;
          """)
    }
    migrator.registerMigration("7 consents", migrate: consents)
    migrator.registerMigration("8 appointment window") { db in
      try db.execute(
        sql: """
          ALTER TABLE consultation ADD COLUMN notBefore INTEGER;
          ALTER TABLE consultation ADD COLUMN notAfter INTEGER;
          """)
    }
    migrator.registerMigration("9 shared files") { db in
      try db.execute(
        sql: """
          CREATE TABLE sharedFile (
            number INTEGER PRIMARY KEY,
            consultation INTEGER NOT NULL REFERENCES consultation,
            file TEXT NOT NULL UNIQUE,
            participant TEXT NOT NULL,
            type TEXT NOT NULL,
            size INTEGER NOT NULL,
            sha256 TEXT NOT NULL,
            aside INTEGER NOT NULL,
            at INTEGER NOT NULL,
            keptUntil INTEGER
          ) STRICT;
          CREATE INDEX sharedFile_ofConsultation ON sharedFile (consultation, number);
          CREATE INDEX sharedFile_kept ON sharedFile (keptUntil) WHERE keptUntil IS NOT NULL;
          """)
    }
    migrator.registerMigration("10 satisfaction") { db in
      try db.execute(
        sql: """
          CREATE TABLE satisfaction (
            consultation INTEGER NOT NULL REFERENCES consultation,
            bearer TEXT NOT NULL,
            role TEXT NOT NULL,
            score INTEGER NOT NULL CHECK (score BETWEEN 1 AND 5),
            at INTEGER NOT NULL,
            PRIMARY KEY (consultation, bearer)
          ) STRICT, WITHOUT ROWID;
          """)
    }
    migrator.registerMigration("11 connection checks", migrate: connectionChecks)
    migrator.registerMigration("12 personal data and purge", migrate: privacy)
    migrator.registerMigration("13 media time and units") { db in
      try db.execute(
        sql: """
          CREATE TABLE mediaTime (
            consultation INTEGER NOT NULL REFERENCES consultation,
            beganAt INTEGER NOT NULL,
            media INTEGER NOT NULL,
            video INTEGER NOT NULL,
            PRIMARY KEY (consultation, beganAt)
          ) STRICT, WITHOUT ROWID;
          ALTER TABLE consultation ADD COLUMN organisation TEXT;
          ALTER TABLE consultation ADD COLUMN service TEXT;
          """)
    }
    migrator.registerMigration("14 what the audit log is to be told") { db in
      try db.execute(
        sql: """
          CREATE TABLE untold (
            number INTEGER PRIMARY KEY AUTOINCREMENT,
            at INTEGER NOT NULL,
            type TEXT NOT NULL,
            session TEXT,
            participant TEXT,
            data TEXT NOT NULL
          ) STRICT;
          """)
    }
    migrator.registerMigration("15 recordings under way") { db in
      try db.execute(
        sql: "ALTER TABLE consultation ADD COLUMN isRecorded INTEGER NOT NULL DEFAULT 0")
    }
    return migrator
  }

  /// What is asked, word for word, and every answer. Neither is ever changed or taken away.
  private static func consents(_ db: Database) throws {
    try db.execute(
      sql: """
        CREATE TABLE consentText (
          number INTEGER PRIMARY KEY,
          consultation INTEGER NOT NULL REFERENCES consultation,
          purpose TEXT NOT NULL,
          version TEXT NOT NULL,
          language TEXT NOT NULL,
          content TEXT NOT NULL,
          UNIQUE (consultation, purpose, language)
        ) STRICT;
        CREATE TABLE consent (
          number INTEGER PRIMARY KEY,
          consultation INTEGER NOT NULL REFERENCES consultation,
          participant TEXT NOT NULL,
          purpose TEXT NOT NULL,
          about TEXT,
          decision TEXT NOT NULL,
          version TEXT NOT NULL,
          language TEXT NOT NULL,
          at INTEGER NOT NULL
        ) STRICT;
        CREATE INDEX consent_ofConsultation ON consent (consultation, number);
        CREATE TRIGGER consent_stays BEFORE UPDATE ON consent
          BEGIN SELECT RAISE(ABORT, 'a consent is never changed'); END;
        CREATE TRIGGER consent_remains BEFORE DELETE ON consent
          BEGIN SELECT RAISE(ABORT, 'a consent is never taken away'); END;
        CREATE TRIGGER consentText_stays BEFORE UPDATE ON consentText
          BEGIN SELECT RAISE(ABORT, 'the text of a consent is never changed'); END;
        CREATE TRIGGER consentText_remains BEFORE DELETE ON consentText
          BEGIN SELECT RAISE(ABORT, 'the text of a consent is never taken away'); END;
        """)
  }

  /// How device and path of who waits were found. Rates are bits/s, losses thousandths, the score of sound
  /// hundredths; all are absent where nothing was measured.
  private static func connectionChecks(_ db: Database) throws {
    try db.execute(
      sql: """
        CREATE TABLE connectionCheck (
          number INTEGER PRIMARY KEY,
          presence INTEGER NOT NULL REFERENCES presence,
          at INTEGER NOT NULL,
          camera TEXT NOT NULL,
          microphone TEXT NOT NULL,
          tried TEXT NOT NULL,
          reached TEXT NOT NULL,
          upRate INTEGER,
          upLoss INTEGER,
          downRate INTEGER,
          downLoss INTEGER,
          roundTrip INTEGER,
          sound INTEGER,
          seconds INTEGER
        ) STRICT;
        CREATE INDEX connectionCheck_ofPresence ON connectionCheck (presence, number);
        """)
  }

  /// What tells who somebody is moves into `sealed`, under a key that can be taken away. Consents can be
  /// deleted with all of a consultation that has ended, in the transaction that says so, and in no other way.
  private static func privacy(_ db: Database) throws {
    try db.execute(
      sql: """
        CREATE TABLE consultationKey (
          consultation INTEGER PRIMARY KEY REFERENCES consultation,
          wrapped BLOB NOT NULL
        ) STRICT;
        ALTER TABLE presence ADD COLUMN sealed BLOB;
        ALTER TABLE consultation ADD COLUMN erasedAt INTEGER;
        CREATE INDEX consultation_byEnd ON consultation (endedAt) WHERE endedAt IS NOT NULL;
        CREATE TABLE purged (
          id TEXT PRIMARY KEY NOT NULL,
          at INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE purging (
          consultation INTEGER PRIMARY KEY REFERENCES consultation
        ) STRICT;
        CREATE TRIGGER purging_isOver BEFORE INSERT ON purging
          WHEN (SELECT endedAt FROM consultation WHERE number = NEW.consultation) IS NULL
          BEGIN SELECT RAISE(ABORT, 'what has not ended is not purged'); END;
        DROP TRIGGER consent_remains;
        CREATE TRIGGER consent_remains BEFORE DELETE ON consent
          WHEN NOT EXISTS (SELECT 1 FROM purging WHERE consultation = OLD.consultation)
          BEGIN SELECT RAISE(ABORT, 'a consent is never taken away'); END;
        DROP TRIGGER consentText_remains;
        CREATE TRIGGER consentText_remains BEFORE DELETE ON consentText
          WHEN NOT EXISTS (SELECT 1 FROM purging WHERE consultation = OLD.consultation)
          BEGIN SELECT RAISE(ABORT, 'the text of a consent is never taken away'); END;
        """)
  }

  /// Times are milliseconds since 1970 in UTC. What is open has neither an end nor a reason.
  private static func consultations(_ db: Database) throws {
    try db.execute(
      sql: """
        CREATE TABLE consultation (
          number INTEGER PRIMARY KEY,
          id TEXT NOT NULL UNIQUE,
          kind TEXT NOT NULL,
          state TEXT NOT NULL,
          countsAsAct INTEGER NOT NULL,
          createdAt INTEGER NOT NULL,
          endedAt INTEGER,
          endReason TEXT,
          CHECK ((endedAt IS NULL) = (endReason IS NULL)),
          CHECK ((endedAt IS NULL) = (state <> 'ended'))
        ) STRICT;
        CREATE INDEX consultation_newest ON consultation (createdAt, number);
        CREATE INDEX consultation_byState ON consultation (state, createdAt, number);

        CREATE TABLE sitting (
          number INTEGER PRIMARY KEY,
          consultation INTEGER NOT NULL REFERENCES consultation,
          beganAt INTEGER NOT NULL,
          endedAt INTEGER,
          endReason TEXT,
          CHECK ((endedAt IS NULL) = (endReason IS NULL))
        ) STRICT;
        CREATE INDEX sitting_ofConsultation ON sitting (consultation, number);
        CREATE UNIQUE INDEX sitting_open ON sitting (consultation) WHERE endedAt IS NULL;

        CREATE TABLE presence (
          number INTEGER PRIMARY KEY,
          consultation INTEGER NOT NULL REFERENCES consultation,
          participant TEXT NOT NULL,
          role TEXT NOT NULL,
          name TEXT,
          joinedAt INTEGER NOT NULL,
          leftAt INTEGER,
          leaveReason TEXT,
          CHECK ((leftAt IS NULL) = (leaveReason IS NULL))
        ) STRICT;
        CREATE INDEX presence_ofConsultation ON presence (consultation, number);
        CREATE UNIQUE INDEX presence_open ON presence (consultation, participant)
          WHERE leftAt IS NULL;

        CREATE TABLE spentInvitation (
          jti TEXT PRIMARY KEY NOT NULL,
          expires INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX spentInvitation_byExpiry ON spentInvitation (expires);
        """)
  }
}
