"""Second factors of people: passkeys, apps that make codes by the time, and recovery codes."""
