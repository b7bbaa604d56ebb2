// Letters of ASCII only: Unicode's own lower case makes one letter of several, such as k of the Kelvin sign.

export const asciiLowerCase = (text: string): string => text.replaceAll(/[A-Z]/g, (letter) => letter.toLowerCase());
