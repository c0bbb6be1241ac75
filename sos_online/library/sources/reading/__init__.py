"""What several sources read with: pictures, masks, annotation files, folders, tables of words and flags."""
