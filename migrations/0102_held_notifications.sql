-- What quiet hours hold back is told when they end: once, and all of it at once.
ALTER TABLE notifications ADD COLUMN delivered_at timestamptz;
UPDATE notifications SET delivered_at = deliver_at;
CREATE INDEX notifications_held ON notifications (deliver_at) WHERE delivered_at IS NULL;
