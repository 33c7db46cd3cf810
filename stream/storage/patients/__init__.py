"""What is known of patients: facts in revisions, who is who, rejections, and the vault."""
