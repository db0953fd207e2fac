/** Part of the names of the other files; build.sh writes it where it is used. */
declare const VERSION: string;
