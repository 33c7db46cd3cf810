CREATE OR REPLACE VIEW scanstream.sender AS
  SELECT calling_ae AS sender, peer, accepted + duplicate + set_aside AS files, first_received_at, last_received_at FROM core.senders;

COMMENT ON VIEW scanstream.sender IS 'Who sends files, and since when nothing more came';
COMMENT ON COLUMN scanstream.sender.sender IS 'AE title that called';
COMMENT ON COLUMN scanstream.sender.peer IS 'Its address at the last file';
COMMENT ON COLUMN scanstream.sender.files IS 'How many files it was told success for';
COMMENT ON COLUMN scanstream.sender.first_received_at IS 'When its first file was received';
COMMENT ON COLUMN scanstream.sender.last_received_at IS 'When its last file was received';
