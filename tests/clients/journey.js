// What applications do with the published journey client, which begins with discovery.
