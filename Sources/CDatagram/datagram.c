int visavis_placeholder;
