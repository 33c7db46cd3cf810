"""Where in the patient lesions lie, as reports and registrations tell."""
