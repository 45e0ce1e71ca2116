-- By age: what retention looks for is the beginning of an index, however long the table is.
CREATE INDEX signals_by_age ON signals (received_at) WHERE state <> 'accepted' AND payload <> '{}';
CREATE INDEX events_by_age ON events (at);
CREATE INDEX notifications_by_age ON notifications (created_at);
