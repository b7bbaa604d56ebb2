// Lower case for ASCII letters only: Unicode's maps several letters to one, such as the Kelvin sign to k.

export const asciiLowerCase = (text: string): string => text.replaceAll(/[A-Z]/g, (letter) => letter.toLowerCase());
