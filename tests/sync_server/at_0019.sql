BEGIN TRANSACTION;
CREATE TABLE account (
    id INTEGER PRIMARY KEY,
    type TEXT NOT NULL,
    key TEXT NOT NULL,
    balance_fen INTEGER NOT NULL DEFAULT 0,
    CONSTRAINT account_type_is_known CHECK (
        type IN ('purse', 'merchant', 'bank', 'suspense', 'fee', 'subsidy', 'foundation', 'account')
    ),
    CONSTRAINT account_is_one UNIQUE (type, key)
);
INSERT INTO "account" VALUES(1,'bank','',-400000);
INSERT INTO "account" VALUES(2,'purse','1',98767);
INSERT INTO "account" VALUES(3,'purse','2',98036);
INSERT INTO "account" VALUES(4,'purse','3',97912);
INSERT INTO "account" VALUES(5,'purse','4',99636);
INSERT INTO "account" VALUES(6,'merchant','m0',1459);
INSERT INTO "account" VALUES(7,'merchant','m1',1978);
INSERT INTO "account" VALUES(8,'merchant','m2',2212);
CREATE TABLE action (
    id INTEGER PRIMARY KEY,
    card INTEGER NOT NULL REFERENCES card (number),
    op INTEGER NOT NULL,
    amount_fen INTEGER NOT NULL,
    state TEXT NOT NULL DEFAULT 'open',
    ordered_by TEXT NOT NULL,
    ordered_utc_s INTEGER NOT NULL,
    terminal INTEGER,
    serial INTEGER,
    counter INTEGER,
    before_fen INTEGER,
    credential INTEGER,
    ended_utc_s INTEGER,
    CONSTRAINT action_state_is_known CHECK (state IN ('open', 'done', 'withdrawn')),
    CONSTRAINT action_is_granted_whole CHECK (
        (terminal IS NULL) = (serial IS NULL)
    )
);
CREATE TABLE alarm_rule (
    name TEXT PRIMARY KEY,
    limit_value INTEGER NOT NULL,
    is_on INTEGER NOT NULL,
    changed_by TEXT NOT NULL,
    changed_utc_s INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE audit (
    number INTEGER PRIMARY KEY,
    utc_s INTEGER NOT NULL,
    who TEXT NOT NULL,
    role TEXT NOT NULL,
    what TEXT NOT NULL,
    subject TEXT NOT NULL,
    detail TEXT NOT NULL, -- JSON
    link BLOB NOT NULL
);
INSERT INTO "audit" VALUES(1,5,'wang','centre','x','card 1','{}',X'089B18740D99220AE004711F35343ECD70E52D4B664E08804B9677D3B3A6BE04');
CREATE TABLE audit_head ( -- how many rows there are, sealed
    one INTEGER PRIMARY KEY CHECK (one = 1),
    count INTEGER NOT NULL,
    seal BLOB NOT NULL
);
INSERT INTO "audit_head" VALUES(1,1,X'1CB1C3776CFAF0F63769AB2A754E8F91A882FD701F62BA133EC73F2EB500EC3E');
CREATE TABLE card (
    number INTEGER PRIMARY KEY,
    uid TEXT NOT NULL,
    holder_kind INTEGER NOT NULL,
    name TEXT NOT NULL,
    valid_until INTEGER NOT NULL, -- last valid day, days since 2000-01-01
    zones INTEGER NOT NULL,
    list_stamp INTEGER NOT NULL, -- blacklist version at issue
    balance_fen INTEGER NOT NULL, -- on the card when it was issued
    issued_utc_s INTEGER NOT NULL, key_version INTEGER NOT NULL DEFAULT 1, holder INTEGER REFERENCES holder (id), ended_utc_s INTEGER,
    CONSTRAINT card_holder_kind CHECK (holder_kind BETWEEN 1 AND 3),
    CONSTRAINT card_number_fits CHECK (number BETWEEN 1 AND 16777215)
);
INSERT INTO "card" VALUES(1,'5a000001',2,'n',13000,1,0,100000,1,1,NULL,NULL);
INSERT INTO "card" VALUES(2,'5a000001',2,'n',13000,1,0,100000,1,1,NULL,NULL);
INSERT INTO "card" VALUES(3,'5a000001',2,'n',13000,1,0,100000,1,1,NULL,NULL);
INSERT INTO "card" VALUES(4,'5a000001',2,'n',13000,1,0,100000,1,1,NULL,NULL);
CREATE TABLE care (
    id INTEGER PRIMARY KEY,
    terminal INTEGER NOT NULL REFERENCES terminal (number),
    kind TEXT NOT NULL,
    note TEXT NOT NULL,
    noted_by TEXT NOT NULL,
    noted_utc_s INTEGER NOT NULL,
    ended_by TEXT, -- of damage: who saw to it
    ended_utc_s INTEGER,
    CONSTRAINT care_kind CHECK (kind IN ('damage', 'inspection'))
);
CREATE TABLE claim (
    name BLOB PRIMARY KEY, -- 8 bytes of the code, as they go over the wire
    hidden_key BLOB NOT NULL,
    kind TEXT NOT NULL,
    place TEXT NOT NULL,
    merchant TEXT,
    boxes INTEGER NOT NULL,
    until_utc_s INTEGER NOT NULL,
    made_utc_s INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE closed ( -- cards that are dead for good, and where their money went
    card INTEGER PRIMARY KEY REFERENCES card (number),
    why TEXT NOT NULL,
    by TEXT NOT NULL,
    utc_s INTEGER NOT NULL,
    counter INTEGER, -- of its purse, as the desk saw it last
    heir INTEGER REFERENCES card (number), -- the card that its balance moves to
    paid_fen INTEGER NOT NULL DEFAULT 0, -- out, at the desk
    settled_utc_s INTEGER, -- NULL: it waits for records that are still on terminals
    CONSTRAINT closed_why CHECK (why IN ('void', 'returned', 'replaced'))
) WITHOUT ROWID;
CREATE TABLE device ( -- the chip's own id, and the terminal it became
    id BLOB PRIMARY KEY,
    terminal INTEGER NOT NULL UNIQUE REFERENCES terminal (number),
    claim BLOB NOT NULL REFERENCES claim (name),
    claimed_utc_s INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE emergency (
    number INTEGER PRIMARY KEY,
    what INTEGER NOT NULL, -- 0 the end of the one before, 1 emergency, 2 drill
    kinds INTEGER NOT NULL, -- bit k: terminals of kind k
    begin_utc_s INTEGER NOT NULL,
    end_utc_s INTEGER NOT NULL,
    tap_fen INTEGER NOT NULL,
    card_fen INTEGER NOT NULL,
    reason TEXT NOT NULL,
    ordered_by TEXT NOT NULL,
    ordered_utc_s INTEGER NOT NULL,
    signed BLOB NOT NULL,
    transfers INTEGER NOT NULL, -- the last one that was booked before
    CONSTRAINT emergency_what CHECK (what BETWEEN 0 AND 2),
    CONSTRAINT emergency_ends CHECK (end_utc_s > begin_utc_s)
);
CREATE TABLE emergency_answer ( -- the first of each terminal to each order
    number INTEGER NOT NULL REFERENCES emergency (number),
    terminal INTEGER NOT NULL,
    status INTEGER NOT NULL, -- of `protocol.messages`
    answered_utc_s INTEGER NOT NULL,
    PRIMARY KEY (number, terminal, status)
) WITHOUT ROWID;
CREATE TABLE extension ( -- who is responsible for a later last day (Art. 8)
    id INTEGER PRIMARY KEY,
    holder INTEGER NOT NULL REFERENCES holder (id),
    was_until INTEGER NOT NULL,
    valid_until INTEGER NOT NULL,
    approved_by TEXT NOT NULL,
    paper TEXT NOT NULL,
    entered_by TEXT NOT NULL,
    entered_utc_s INTEGER NOT NULL
);
CREATE TABLE holder (
    id INTEGER PRIMARY KEY,
    number TEXT NOT NULL UNIQUE, -- of the office that knows the person: 工号, 学号
    kind INTEGER NOT NULL,
    name TEXT NOT NULL,
    department TEXT NOT NULL,
    valid_until INTEGER NOT NULL, -- last valid day
    made_utc_s INTEGER NOT NULL,
    ended_why TEXT,
    ended_utc_s INTEGER, -- from then on no card works
    closed_utc_s INTEGER, -- the balance is settled
    CONSTRAINT holder_kind CHECK (kind BETWEEN 1 AND 3)
);
CREATE TABLE issue (
    card INTEGER PRIMARY KEY REFERENCES card (number),
    uid TEXT NOT NULL,
    credential INTEGER NOT NULL, -- as records have it: 1 MIFARE, 2 CPU
    state TEXT NOT NULL DEFAULT 'open',
    counter INTEGER NOT NULL, -- that its purse began with, on MIFARE
    fee_fen INTEGER NOT NULL,
    replaces INTEGER REFERENCES card (number),
    made_by TEXT NOT NULL,
    made_utc_s INTEGER NOT NULL,
    issued_utc_s INTEGER,
    CONSTRAINT issue_state_is_known CHECK (state IN ('open', 'issued', 'void', 'returned')),
    CONSTRAINT issue_credential CHECK (credential IN (1, 2))
);
CREATE TABLE kit ( -- terminals that were made beforehand, for boxes that are set up without a network
    terminal INTEGER PRIMARY KEY REFERENCES terminal (number),
    claim BLOB NOT NULL REFERENCES claim (name)
) WITHOUT ROWID;
CREATE TABLE leave ( -- a terminal may be offline
    id INTEGER PRIMARY KEY,
    terminal INTEGER NOT NULL REFERENCES terminal (number),
    begin_utc_s INTEGER NOT NULL, -- not before it was granted
    end_utc_s INTEGER NOT NULL, -- brought forward when it is ended early
    reason TEXT NOT NULL,
    granted_by TEXT NOT NULL,
    granted_utc_s INTEGER NOT NULL,
    ended_by TEXT,
    CONSTRAINT leave_is_not_given_afterwards CHECK (begin_utc_s >= granted_utc_s),
    CONSTRAINT leave_ends_after_it_begins CHECK (end_utc_s >= begin_utc_s)
);
CREATE TABLE leaver (
    holder INTEGER PRIMARY KEY REFERENCES holder (id),
    roster INTEGER NOT NULL REFERENCES roster (id),
    choice TEXT NOT NULL,
    donate_fen INTEGER NOT NULL,
    bank TEXT NOT NULL, -- account that a refund goes to
    version INTEGER NOT NULL, -- of the blacklist that stopped the cards
    donated_fen INTEGER,
    refund_fen INTEGER,
    settled_utc_s INTEGER,
    batch INTEGER REFERENCES refund (id),
    CONSTRAINT leaver_choice CHECK (choice IN ('refund', 'donate', 'part')),
    CONSTRAINT leaver_is_settled_whole CHECK ((settled_utc_s IS NULL) = (refund_fen IS NULL))
);
CREATE TABLE list_change (
    list INTEGER NOT NULL,
    scope INTEGER NOT NULL,
    version INTEGER NOT NULL,
    card INTEGER NOT NULL,
    listed INTEGER NOT NULL,
    PRIMARY KEY (list, scope, version, card)
) WITHOUT ROWID;
INSERT INTO "list_change" VALUES(0,0,1,1,1);
CREATE TABLE list_confirmed (
    terminal INTEGER NOT NULL,
    list INTEGER NOT NULL,
    version INTEGER NOT NULL,
    digest BLOB NOT NULL,
    confirmed_utc_s INTEGER NOT NULL,
    PRIMARY KEY (terminal, list, version)
) WITHOUT ROWID;
CREATE TABLE list_member (
    list INTEGER NOT NULL,
    scope INTEGER NOT NULL,
    card INTEGER NOT NULL,
    PRIMARY KEY (list, scope, card)
) WITHOUT ROWID;
INSERT INTO "list_member" VALUES(0,0,1);
CREATE TABLE list_sent ( -- when a terminal was first given this version of the blacklist
    terminal INTEGER NOT NULL,
    version INTEGER NOT NULL,
    sent_utc_s INTEGER NOT NULL,
    PRIMARY KEY (terminal, version)
) WITHOUT ROWID;
CREATE TABLE list_version (
    list INTEGER NOT NULL,
    scope INTEGER NOT NULL,
    version INTEGER NOT NULL,
    universe INTEGER NOT NULL,
    digest BLOB NOT NULL,
    made_utc_s INTEGER NOT NULL,
    PRIMARY KEY (list, scope, version)
) WITHOUT ROWID;
INSERT INTO "list_version" VALUES(0,0,1,32768,X'2CFE0BFC092F164B9B2BAD8657FEEFC9',100);
CREATE TABLE loss (
    id INTEGER PRIMARY KEY,
    card INTEGER NOT NULL REFERENCES card (number),
    reported_by TEXT NOT NULL,
    reported_utc_s INTEGER NOT NULL,
    version INTEGER, -- of the blacklist that has it first; NULL: waits for a second person
    approved_by TEXT,
    withdrawn_by TEXT,
    withdrawn_utc_s INTEGER
);
INSERT INTO "loss" VALUES(1,1,'desk',100,1,NULL,NULL,NULL);
CREATE TABLE lost ( -- numbers of a terminal that no journal has any more
    terminal INTEGER NOT NULL,
    first INTEGER NOT NULL,
    last INTEGER NOT NULL,
    used_to INTEGER NOT NULL, -- the highest of them that was certainly used, as far as was known then
    declared_utc_s INTEGER NOT NULL,
    PRIMARY KEY (terminal, first)
) WITHOUT ROWID;
CREATE TABLE meal (
    card INTEGER NOT NULL,
    day INTEGER NOT NULL,
    number INTEGER NOT NULL,
    terminal INTEGER NOT NULL,
    serial INTEGER NOT NULL,
    PRIMARY KEY (card, day, number)
) WITHOUT ROWID;
CREATE TABLE migration (name TEXT PRIMARY KEY);
INSERT INTO "migration" VALUES('0001_ledger');
INSERT INTO "migration" VALUES('0002_campus');
INSERT INTO "migration" VALUES('0003_lists');
INSERT INTO "migration" VALUES('0004_lost');
INSERT INTO "migration" VALUES('0005_phones');
INSERT INTO "migration" VALUES('0006_claims');
INSERT INTO "migration" VALUES('0007_actions');
INSERT INTO "migration" VALUES('0008_evidence');
INSERT INTO "migration" VALUES('0009_reversals');
INSERT INTO "migration" VALUES('0010_alarms');
INSERT INTO "migration" VALUES('0011_issues');
INSERT INTO "migration" VALUES('0012_card_keys');
INSERT INTO "migration" VALUES('0013_meals');
INSERT INTO "migration" VALUES('0014_shifts');
INSERT INTO "migration" VALUES('0015_gates');
INSERT INTO "migration" VALUES('0016_emergencies');
INSERT INTO "migration" VALUES('0017_offices');
INSERT INTO "migration" VALUES('0018_holders');
INSERT INTO "migration" VALUES('0019_care');
CREATE TABLE officer (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE, -- for signing in, lower case
    shown TEXT NOT NULL,
    role TEXT NOT NULL,
    merchant TEXT, -- whose terminals a merchant's officer sees
    password TEXT NOT NULL, -- argon2id
    must_change INTEGER NOT NULL, -- the password was given by somebody else
    generation INTEGER NOT NULL DEFAULT 1, -- sessions of an older one have ended
    made_by TEXT NOT NULL,
    made_utc_s INTEGER NOT NULL,
    closed_utc_s INTEGER
);
INSERT INTO "officer" VALUES(1,'wang','王','centre','','hash',1,1,'shell',1,NULL);
CREATE TABLE parameter_set (
    version INTEGER PRIMARY KEY,
    terminal INTEGER, -- NULL: for all
    value TEXT NOT NULL -- JSON, windows in hexadecimal
);
INSERT INTO "parameter_set" VALUES(1,NULL,'{"staff": 1}');
CREATE TABLE phone (
    card INTEGER PRIMARY KEY REFERENCES card (number),
    ticket BLOB UNIQUE, -- SHA-256 of the invitation; NULL once it is used
    ticket_until_utc_s INTEGER NOT NULL,
    public_key BLOB, -- 33 bytes; NULL until the phone has come
    enrolled_utc_s INTEGER,
    authorised_to_utc_s INTEGER,
    CONSTRAINT phone_key_size CHECK (length(public_key) = 33)
);
CREATE TABLE quarantine (
    id INTEGER PRIMARY KEY,
    terminal INTEGER NOT NULL,
    raw BLOB NOT NULL,
    answer INTEGER NOT NULL,
    reason INTEGER NOT NULL,
    received_utc_s INTEGER NOT NULL,
    CONSTRAINT quarantine_keeps_each_once UNIQUE (terminal, raw)
);
CREATE TABLE rebuilt ( -- spans of core.rebuild
    card INTEGER NOT NULL,
    first INTEGER NOT NULL,
    last INTEGER NOT NULL,
    exact INTEGER NOT NULL,
    fen INTEGER NOT NULL,
    terminal INTEGER NOT NULL,
    serial INTEGER NOT NULL,
    told INTEGER NOT NULL,
    told_fen INTEGER NOT NULL,
    rebuilt_utc_s INTEGER NOT NULL,
    PRIMARY KEY (card, first, exact)
) WITHOUT ROWID;
CREATE TABLE record (
    id INTEGER PRIMARY KEY, -- order of arrival
    terminal INTEGER NOT NULL,
    serial INTEGER NOT NULL,
    type INTEGER NOT NULL,
    outcome INTEGER NOT NULL, -- 15 done, 240 void, 255 grey
    reason INTEGER NOT NULL,
    fault INTEGER NOT NULL, -- what the server found wrong, 0 nothing
    flags INTEGER NOT NULL,
    utc_s INTEGER NOT NULL, -- the terminal's clock
    card INTEGER NOT NULL,
    amount_fen INTEGER NOT NULL,
    balance_fen INTEGER NOT NULL,
    content BLOB NOT NULL, -- bytes 0 to 59
    received_utc_s INTEGER NOT NULL,
    CONSTRAINT record_is_one UNIQUE (terminal, serial)
);
INSERT INTO "record" VALUES(1,1,1,1,240,0,0,16,1000,1,633,0,X'0000000101100000000003E80000010100000279000001000000000000000000000000000200000003FFFFFF000000003E4E351C6BE554955D2E20B1',2000);
INSERT INTO "record" VALUES(2,1,2,1,15,0,0,16,1001,2,893,0,X'0000000201100000000003E9000002010000037D000001000000000000000000000000000200000001FFFFFF000000002B464E262E2432B9918905C4',2000);
INSERT INTO "record" VALUES(3,1,3,3,15,0,0,16,1002,2,300,0,X'0000000303100000000003EA000002010000012C000002000000000000000000000000000100000002FFFFFF00000000FCCB7A330F3417645F034721',2000);
INSERT INTO "record" VALUES(4,1,4,1,240,0,0,16,1003,2,204,0,X'0000000401100000000003EB00000201000000CC000002000000000000000000000000000100000002FFFFFF0000000018763FC6C1D2DF3F6C18F8A2',2000);
INSERT INTO "record" VALUES(5,1,5,1,240,0,0,16,1004,3,309,0,X'0000000501100000000003EC0000030100000135000002000000000000000000000000000200000005FFFFFF000000009B22DE730447BFD7C0C5F653',2000);
INSERT INTO "record" VALUES(6,1,6,3,15,0,0,16,1005,3,300,0,X'0000000603100000000003ED000003010000012C000004000000000000000000000000000200000006FFFFFF000000007E780CEEBD40C94729A6DB84',2000);
INSERT INTO "record" VALUES(7,1,7,1,240,0,0,16,1006,3,19,0,X'0000000701100000000003EE0000030100000013000004000000000000000000000000000200000006FFFFFF00000000E02E7A752C9E786DDD587B89',2000);
INSERT INTO "record" VALUES(8,1,8,1,15,0,0,16,1007,2,202,0,X'0000000801100000000003EF00000201000000CA000003000000000000000000000000000300000002FFFFFF00000000CE47AF6233528458A40D0844',2000);
INSERT INTO "record" VALUES(9,1,9,1,15,0,0,16,1008,4,364,0,X'0000000901100000000003F0000004010000016C000000000000000000000000000000000000000000FFFFFF00000000CBB3C1A9AA1F38D2C5C85DD4',2000);
INSERT INTO "record" VALUES(10,1,10,3,15,0,0,16,1009,1,300,0,X'0000000A03100000000003F1000001010000012C000004000000000000000000000000000300000004FFFFFF000000002199D1B5C3BD4A8EF8EEE1BB',2000);
INSERT INTO "record" VALUES(11,1,11,3,15,0,0,16,1010,2,300,0,X'0000000B03100000000003F2000002010000012C000004000000000000000000000000000100000008FFFFFF0000000080A30FA689DF5651C64BB954',2000);
INSERT INTO "record" VALUES(12,1,12,3,15,0,0,16,1011,3,300,0,X'0000000C03100000000003F3000003010000012C000004000000000000000000000000000200000006FFFFFF00000000272F64FF89FEFAB1CB8CB86B',2000);
INSERT INTO "record" VALUES(13,1,13,3,15,0,0,16,1012,4,300,0,X'0000000D03100000000003F4000004010000012C000001000000000000000000000000000100000009FFFFFF000000003E9188194840209CC547ACB8',2000);
INSERT INTO "record" VALUES(14,2,1,1,15,0,0,16,1000,2,161,0,X'0000000101100000000003E800000201000000A1000000000000000000000000000000000000000000FFFFFF000000002D1899D84979AC0FDA1CEB16',2000);
INSERT INTO "record" VALUES(15,2,2,3,15,0,0,16,1001,4,300,0,X'0000000203100000000003E9000004010000012C000000000000000000000000000000000000000000FFFFFF0000000043B0591C9B94C033369810D1',2000);
INSERT INTO "record" VALUES(16,2,3,1,15,0,0,16,1002,1,14,0,X'0000000301100000000003EA000001010000000E000000000000000000000000000000000000000000FFFFFF000000003E2273B3F1ED76EDB832A87B',2000);
INSERT INTO "record" VALUES(17,2,4,1,240,0,0,16,1003,3,889,0,X'0000000401100000000003EB0000030100000379000001000000000000000000000000000300000001FFFFFF000000006460541DC4FF0F852F8E26F4',2000);
INSERT INTO "record" VALUES(18,2,5,1,15,0,0,16,1004,3,425,0,X'0000000501100000000003EC00000301000001A9000001000000000000000000000000000300000001FFFFFF000000001194648245725F14799CEE6D',2000);
INSERT INTO "record" VALUES(19,2,6,1,15,0,0,16,1005,3,484,0,X'0000000601100000000003ED00000301000001E4000003000000000000000000000000000300000003FFFFFF00000000608E5832095ADB1B1EA524C9',2000);
INSERT INTO "record" VALUES(20,2,7,1,240,0,0,16,1006,4,10,0,X'0000000701100000000003EE000004010000000A000000000000000000000000000000000000000000FFFFFF0000000003469CC3E7AC09BDE5E2B35C',2000);
INSERT INTO "record" VALUES(21,2,8,1,15,0,0,16,1007,1,800,0,X'0000000801100000000003EF0000010100000320000001000000000000000000000000000200000003FFFFFF00000000D73DCECDA1C3A861F28543DC',2000);
INSERT INTO "record" VALUES(22,2,9,1,15,0,0,16,1008,1,94,0,X'0000000901100000000003F0000001010000005E000002000000000000000000000000000200000008FFFFFF000000005E5F083DB67B7147C9CE1BB2',2000);
INSERT INTO "record" VALUES(23,2,10,3,15,0,0,16,1009,3,300,0,X'0000000A03100000000003F1000003010000012C000004000000000000000000000000000200000006FFFFFF00000000DA4A60BED4CB77467FA269FE',2000);
INSERT INTO "record" VALUES(24,2,11,3,15,0,0,16,1010,3,300,0,X'0000000B03100000000003F2000003010000012C000004000000000000000000000000000200000006FFFFFF0000000029FB8B3D5B36630363ACF530',2000);
INSERT INTO "record" VALUES(25,2,12,3,15,0,0,16,1011,1,300,0,X'0000000C03100000000003F3000001010000012C000004000000000000000000000000000300000004FFFFFF00000000C45F1A5C7FF08FA228B47A91',2000);
INSERT INTO "record" VALUES(26,2,13,3,15,0,0,16,1012,2,300,0,X'0000000D03100000000003F4000002010000012C000004000000000000000000000000000100000008FFFFFF000000009D83F4FEC99A9C5497704F52',2000);
INSERT INTO "record" VALUES(27,2,14,3,15,0,0,16,1013,3,300,0,X'0000000E03100000000003F5000003010000012C000004000000000000000000000000000200000006FFFFFF0000000011FC2FDA615ABA81E786DFF8',2000);
INSERT INTO "record" VALUES(28,2,15,3,15,0,0,16,1014,4,300,0,X'0000000F03100000000003F6000004010000012C000001000000000000000000000000000100000009FFFFFF000000009B199D4A784C1511195ECD43',2000);
INSERT INTO "record" VALUES(29,3,1,1,15,0,0,16,1000,3,815,0,X'0000000101100000000003E8000003010000032F000000000000000000000000000000000000000000FFFFFF00000000344EEBE07174670E6FAD8145',2000);
INSERT INTO "record" VALUES(30,3,2,1,15,0,0,16,1001,2,708,0,X'0000000201100000000003E900000201000002C4000002000000000000000000000000000100000002FFFFFF00000000C9CB8514CE484AE4478045FC',2000);
INSERT INTO "record" VALUES(31,3,3,1,15,0,0,16,1002,3,364,0,X'0000000301100000000003EA000003010000016C000002000000000000000000000000000200000005FFFFFF000000002AEDA2346BA178B7BE0225F9',2000);
INSERT INTO "record" VALUES(32,3,4,1,15,0,0,16,1003,1,325,0,X'0000000401100000000003EB0000010100000145000003000000000000000000000000000200000009FFFFFF00000000E067F79871665F3D6E1A7EBE',2000);
INSERT INTO "record" VALUES(33,3,5,3,15,0,0,16,1004,1,300,0,X'0000000503100000000003EC000001010000012C000004000000000000000000000000000300000004FFFFFF000000001701C25FF0B3A417A7494BCC',2000);
INSERT INTO "record" VALUES(34,3,6,3,15,0,0,16,1005,2,300,0,X'0000000603100000000003ED000002010000012C000004000000000000000000000000000100000008FFFFFF0000000077CFBB22E3338A598A3D2724',2000);
INSERT INTO "record" VALUES(35,3,7,3,15,0,0,16,1006,3,300,0,X'0000000703100000000003EE000003010000012C000004000000000000000000000000000200000006FFFFFF00000000DA513FAFD2E36F2D16AB13D6',2000);
INSERT INTO "record" VALUES(36,3,8,3,15,0,0,16,1007,4,300,0,X'0000000803100000000003EF000004010000012C000001000000000000000000000000000100000009FFFFFF000000008E353FD1AE7F9FAA4A116D6A',2000);
CREATE TABLE refund ( -- a batch for the bank
    id INTEGER PRIMARY KEY,
    people INTEGER NOT NULL,
    amount_fen INTEGER NOT NULL,
    made_by TEXT NOT NULL,
    made_utc_s INTEGER NOT NULL,
    granted_by TEXT, -- a second person; then the money left
    granted_utc_s INTEGER,
    refused INTEGER NOT NULL DEFAULT 0
);
CREATE TABLE request ( -- a deed that waits for a second person
    id INTEGER PRIMARY KEY,
    deed TEXT NOT NULL,
    subject INTEGER NOT NULL, -- what it is about: the row of another table
    told TEXT NOT NULL, -- JSON: what a person needs to judge it
    asked_by TEXT NOT NULL,
    asked_utc_s INTEGER NOT NULL,
    granted INTEGER, -- 1, 0; NULL: it waits
    decided_by TEXT,
    decided_utc_s INTEGER,
    CONSTRAINT request_is_decided_whole CHECK ((granted IS NULL) = (decided_by IS NULL)),
    CONSTRAINT request_is_granted_by_another CHECK (granted IS NOT 1 OR decided_by <> asked_by)
);
CREATE TABLE restored ( -- a terminal knew more than the database did
    id INTEGER PRIMARY KEY,
    terminal INTEGER NOT NULL,
    what TEXT NOT NULL,
    had INTEGER NOT NULL,
    told INTEGER NOT NULL,
    noticed_utc_s INTEGER NOT NULL,
    CONSTRAINT restored_what CHECK (what IN ('records', 'blacklist', 'grants', 'parameters')),
    CONSTRAINT restored_is_noticed_once UNIQUE (terminal, what, had, told)
);
CREATE TABLE reversal (
    terminal INTEGER NOT NULL,
    serial INTEGER NOT NULL,
    by_serial INTEGER NOT NULL,
    PRIMARY KEY (terminal, serial)
) WITHOUT ROWID;
CREATE TABLE roster ( -- a list as an office sent it
    id INTEGER PRIMARY KEY,
    kind TEXT NOT NULL,
    digest BLOB NOT NULL, -- SHA-256 of the file: one file is applied once
    file TEXT NOT NULL,
    content TEXT NOT NULL, -- JSON: its rows, as read
    put_by TEXT NOT NULL,
    put_utc_s INTEGER NOT NULL,
    applied_by TEXT,
    applied_utc_s INTEGER,
    outcome TEXT, -- JSON: how many of which change
    CONSTRAINT roster_is_one UNIQUE (kind, digest)
);
CREATE TABLE service ( -- when the server was there; between two rows it was away
    started_utc_s INTEGER PRIMARY KEY,
    seen_utc_s INTEGER NOT NULL
);
CREATE TABLE step ( -- who wrote a card's purse from counter to counter + 1
    card INTEGER NOT NULL,
    counter INTEGER NOT NULL,
    terminal INTEGER NOT NULL,
    serial INTEGER NOT NULL, before_fen INTEGER, after_fen INTEGER,
    PRIMARY KEY (card, counter)
) WITHOUT ROWID;
INSERT INTO "step" VALUES(1,0,2,3,NULL,633);
INSERT INTO "step" VALUES(1,1,2,8,800,0);
INSERT INTO "step" VALUES(1,2,2,9,94,0);
INSERT INTO "step" VALUES(1,3,3,4,NULL,0);
INSERT INTO "step" VALUES(2,0,2,1,NULL,893);
INSERT INTO "step" VALUES(2,1,1,2,893,0);
INSERT INTO "step" VALUES(2,2,3,2,NULL,202);
INSERT INTO "step" VALUES(2,3,1,8,202,0);
INSERT INTO "step" VALUES(3,0,3,1,NULL,889);
INSERT INTO "step" VALUES(3,1,2,5,NULL,309);
INSERT INTO "step" VALUES(3,2,3,3,NULL,484);
INSERT INTO "step" VALUES(3,3,2,6,NULL,0);
INSERT INTO "step" VALUES(4,0,1,9,NULL,0);
CREATE TABLE tally ( -- counts of records, kept with them: pages must not count millions
    name TEXT PRIMARY KEY,
    value INTEGER NOT NULL
) WITHOUT ROWID;
INSERT INTO "tally" VALUES('accepted',13);
INSERT INTO "tally" VALUES('records',36);
INSERT INTO "tally" VALUES('refused',17);
INSERT INTO "tally" VALUES('taps',36);
CREATE TABLE terminal (
    number INTEGER PRIMARY KEY,
    kind TEXT NOT NULL,
    place TEXT NOT NULL,
    merchant TEXT,
    generation INTEGER NOT NULL DEFAULT 1, -- of its enrolment key
    epoch INTEGER NOT NULL DEFAULT 0, -- highest that opened a session
    enrolled_utc_s INTEGER NOT NULL,
    contact_utc_s INTEGER,
    report TEXT, own_key BLOB, key_version INTEGER NOT NULL DEFAULT 0, responsible TEXT NOT NULL DEFAULT '', -- JSON of the last REPORT
    CONSTRAINT terminal_kind CHECK (kind IN ('pos', 'gate', 'water')),
    CONSTRAINT terminal_number_fits CHECK (number BETWEEN 1 AND 65534)
);
INSERT INTO "terminal" VALUES(1,'pos','place 0','m0',1,0,1,NULL,NULL,NULL,0,'');
INSERT INTO "terminal" VALUES(2,'pos','place 1','m1',1,0,1,NULL,NULL,NULL,0,'');
INSERT INTO "terminal" VALUES(3,'pos','place 2','m2',1,0,1,NULL,NULL,NULL,0,'');
CREATE TABLE transfer (
    id INTEGER PRIMARY KEY,
    giver INTEGER NOT NULL REFERENCES account (id),
    taker INTEGER NOT NULL REFERENCES account (id),
    amount_fen INTEGER NOT NULL,
    terminal INTEGER NOT NULL,
    serial INTEGER NOT NULL,
    booked_utc_s INTEGER NOT NULL,
    CONSTRAINT transfer_moves_money CHECK (amount_fen > 0),
    CONSTRAINT transfer_has_two_sides CHECK (giver <> taker)
);
INSERT INTO "transfer" VALUES(1,1,2,100000,0,0,1);
INSERT INTO "transfer" VALUES(2,1,3,100000,0,0,1);
INSERT INTO "transfer" VALUES(3,1,4,100000,0,0,1);
INSERT INTO "transfer" VALUES(4,1,5,100000,0,0,1);
INSERT INTO "transfer" VALUES(5,3,6,893,1,2,2000);
INSERT INTO "transfer" VALUES(6,3,6,202,1,8,2000);
INSERT INTO "transfer" VALUES(7,5,6,364,1,9,2000);
INSERT INTO "transfer" VALUES(8,3,7,161,2,1,2000);
INSERT INTO "transfer" VALUES(9,2,7,14,2,3,2000);
INSERT INTO "transfer" VALUES(10,4,7,425,2,5,2000);
INSERT INTO "transfer" VALUES(11,4,7,484,2,6,2000);
INSERT INTO "transfer" VALUES(12,2,7,800,2,8,2000);
INSERT INTO "transfer" VALUES(13,2,7,94,2,9,2000);
INSERT INTO "transfer" VALUES(14,4,8,815,3,1,2000);
INSERT INTO "transfer" VALUES(15,3,8,708,3,2,2000);
INSERT INTO "transfer" VALUES(16,4,8,364,3,3,2000);
INSERT INTO "transfer" VALUES(17,2,8,325,3,4,2000);
CREATE TRIGGER transfer_is_never_changed BEFORE UPDATE ON transfer
BEGIN SELECT raise(ABORT, 'a transfer is never changed, only reversed by another'); END;
CREATE TRIGGER transfer_is_never_deleted BEFORE DELETE ON transfer
BEGIN SELECT raise(ABORT, 'a transfer is never deleted'); END;
CREATE VIEW posting AS
SELECT id AS transfer, giver AS account, -amount_fen AS amount_fen, terminal, serial, booked_utc_s
FROM transfer
UNION ALL
SELECT id, taker, amount_fen, terminal, serial, booked_utc_s FROM transfer;
CREATE INDEX record_grey ON record (card) WHERE outcome = 255;
CREATE INDEX loss_of_card ON loss (card);
CREATE INDEX step_of_writer ON step (terminal, serial);
CREATE INDEX action_of_card ON action (card) WHERE state = 'open';
CREATE UNIQUE INDEX action_of_record ON action (terminal, serial) WHERE terminal IS NOT NULL;
CREATE INDEX leave_of_terminal ON leave (terminal);
CREATE UNIQUE INDEX issue_of_chip ON issue (uid) WHERE state IN ('open', 'issued');
CREATE INDEX closed_unsettled ON closed (card) WHERE settled_utc_s IS NULL;
CREATE INDEX shift_mark ON record (terminal, serial) WHERE type = 8 AND reason IN (32, 33);
CREATE INDEX alarm ON record (id) WHERE type = 8 AND (reason BETWEEN 34 AND 37 OR reason BETWEEN 40 AND 47);
CREATE TRIGGER emergency_is_never_changed BEFORE UPDATE ON emergency
BEGIN SELECT raise(ABORT, 'an order is never changed, only followed by another'); END;
CREATE TRIGGER emergency_is_never_deleted BEFORE DELETE ON emergency
BEGIN SELECT raise(ABORT, 'an order is never deleted'); END;
CREATE UNIQUE INDEX request_waits_once ON request (deed, subject) WHERE granted IS NULL;
CREATE INDEX audit_by_who ON audit (who, number);
CREATE TRIGGER audit_is_never_changed BEFORE UPDATE ON audit
BEGIN SELECT raise(ABORT, 'the log is never changed'); END;
CREATE TRIGGER audit_is_never_deleted BEFORE DELETE ON audit
BEGIN SELECT raise(ABORT, 'the log is never deleted'); END;
CREATE INDEX holder_by_name ON holder (name);
CREATE INDEX card_of_holder ON card (holder) WHERE holder IS NOT NULL;
CREATE INDEX extension_of_holder ON extension (holder);
CREATE INDEX leaver_waits ON leaver (holder) WHERE settled_utc_s IS NULL;
CREATE INDEX leaver_of_batch ON leaver (batch) WHERE batch IS NOT NULL;
CREATE INDEX care_of_terminal ON care (terminal, id);
CREATE INDEX care_open ON care (terminal) WHERE kind = 'damage' AND ended_utc_s IS NULL;
COMMIT;
