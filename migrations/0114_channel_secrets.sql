-- A channel's new secret leaves the one before it good for a while, so that the far side can change over without losing
-- anything. Both are in the one sealed secret; here is until when the older of them signs too.
ALTER TABLE channels ADD COLUMN old_secret_until timestamptz;
