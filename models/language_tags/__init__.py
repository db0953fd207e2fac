"""Language tags (BCP 47): which version of a text suits a reader's languages."""
