-- By age, like the others: deliveries that are over, and tokens that are (at whichever end came first).
CREATE INDEX deliveries_by_age ON deliveries (settled_at) WHERE settled_at IS NOT NULL;
CREATE INDEX api_tokens_by_end ON api_tokens (least(revoked_at, expires_at)) WHERE least(revoked_at, expires_at) IS NOT NULL;
